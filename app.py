"""The REST API and the schedule of what runs beside it: assembles the blueprints and does nothing else."""

from chalice.app import Chalice

from chalicelib.entrypoints import (
    api_account,
    api_aggregates,
    api_consents,
    api_document,
    api_emails,
    api_people,
    api_prepare,
    api_ses,
    api_suppressions,
    api_uploads,
    api_webhooks,
    dashboard,
    deliver,
    fold,
    ingest,
    notify,
    people,
    problems,
    recount,
    remind,
    replay,
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
    api_prepare,
    api_ses,
    api_suppressions,
    api_uploads,
    api_webhooks,
    dashboard,
)
EVENTS = (deliver, fold, ingest, notify, people, recount, remind, replay, send, sweep)

app = Chalice(app_name="mailsight")
app.register_middleware(problems.middleware, "http")
for module in (*ROUTES, *EVENTS):
    app.register_blueprint(module.bp)
