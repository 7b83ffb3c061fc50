"""The REST API and the schedule of what runs beside it: assembles the blueprints and does nothing else."""

from chalice.app import Chalice

from chalicelib.entrypoints import (
    api_account,
    api_consents,
    api_document,
    api_emails,
    api_suppressions,
    dashboard,
    fold,
    ingest,
    problems,
    replay,
    send,
    sweep,
)

ROUTES = (api_account, api_consents, api_document, api_emails, api_suppressions, dashboard)
EVENTS = (fold, ingest, replay, send, sweep)

app = Chalice(app_name="mailsight")
app.register_middleware(problems.middleware, "http")
for module in (*ROUTES, *EVENTS):
    app.register_blueprint(module.bp)
