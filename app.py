"""The REST API and the schedule of what runs beside it: assembles the blueprints and does nothing else."""

from chalice.app import Chalice

from chalicelib.entrypoints import (
    api_account,
    api_aggregates,
    api_consents,
    api_document,
    api_emails,
    api_people,
    api_phone_calls,
    api_prepare,
    api_received,
    api_report_schedules,
    api_reports,
    api_ses,
    api_suppressions,
    api_templates,
    api_uploads,
    api_users,
    api_webhooks,
    dashboard,
    deliver,
    fold,
    inform,
    ingest,
    notify,
    people,
    problems,
    recount,
    remind,
    replay,
    report,
    send,
    sweep,
)

ROUTES = (
    api_account,
    api_aggregates,
    api_consents,
    api_document,
    api_emails,
    api_people,
    api_phone_calls,
    api_prepare,
    api_received,
    api_report_schedules,
    api_reports,
    api_ses,
    api_suppressions,
    api_templates,
    api_uploads,
    api_users,
    api_webhooks,
    dashboard,
)
EVENTS = (deliver, fold, inform, ingest, notify, people, recount, remind, replay, report, send, sweep)

app = Chalice(app_name="mailsight")
app.register_middleware(problems.middleware, "http")
for module in (*ROUTES, *EVENTS):
    app.register_blueprint(module.bp)
