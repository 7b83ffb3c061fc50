"""The REST API and the schedule of what runs beside it: assembles the blueprints and does nothing else."""

from chalice.app import Chalice

from chalicelib.entrypoints import api_document, api_emails, dashboard, fold, ingest, problems, replay, send, sweep

app = Chalice(app_name="mailsight")
app.register_middleware(problems.middleware, "http")
for module in (api_document, api_emails, dashboard, fold, ingest, replay, send, sweep):
    app.register_blueprint(module.bp)
