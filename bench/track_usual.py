"""The tracking host's open as it is usually written: a Chalice route, Powertools' Logger and Metrics, a pynamodb model.

The token, the pixel and what is kept of the hit are ours, with one salt for all days. One line is logged, one metric is
written, and one item: where others write an event and add to a counter, their second write is not held against them.
Made at import, as such functions are.
"""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from chalice.app import Chalice, Response
from pynamodb.attributes import JSONAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib import settings
from chalicelib.core import event
from chalicelib.core import hit as hits
from chalicelib.core import hit_answer as answers
from chalicelib.core.metric import NAMESPACE

OWN = settings.read()
KEYS = OWN.keys
SALT = bytes(32)

app = Chalice("track")
app.api.binary_types = ["*/*"]
logger = Logger(service="track")
metrics = Metrics(namespace=NAMESPACE, service="track")


class EventRow(Model):
    """An item of the table of events."""

    class Meta:
        table_name = OWN.events_table
        region = OWN.region

    message_id = UnicodeAttribute(hash_key=True)
    event_key = UnicodeAttribute(range_key=True)
    kind = UnicodeAttribute()
    data = JSONAttribute()
    expires_at = TTLAttribute()


def pixel(token: str) -> Response:
    """The route."""
    assert app.current_request is not None
    request = app.current_request.context
    context = {
        "requestId": request["requestId"],
        "timeEpoch": request["requestTimeEpoch"],
        "http": {"method": request["httpMethod"], "sourceIp": request["identity"]["sourceIp"]},
    }
    headers = dict(app.current_request.headers)
    hit = hits.from_payload({"rawPath": f"/o/{token}", "requestContext": context, "headers": headers})
    said = hits.verified(hit, KEYS)
    made = hits.event_of(hit, said, lambda _: SALT) if said else None
    if said and made:
        row = EventRow(
            made.message_id,
            made.key,
            kind=made.kind.value,
            data=made.data,
            expires_at=said.until + event.GRACE,
        )
        row.save(condition=EventRow.message_id.does_not_exist())
        logger.info("open recorded", message_id=made.message_id)
        metrics.add_metric(name="OpenRecorded", unit=MetricUnit.Count, value=1)
    return Response(body=answers.GIF, status_code=200, headers=dict(answers.PIXEL.headers))


app.route("/o/{token}", methods=["GET", "HEAD"])(pixel)
handler = logger.inject_lambda_context(metrics.log_metrics(app))
