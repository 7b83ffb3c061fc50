"""pytracking with Django, put together as its README says: `gunicorn "bench.loopback_pytracking:application()"`.

Its views are extended by `notify_tracking_event`, which writes what pytracking has read from the URL as one item, with
a client as the botocore handler has it. What its users may leave out is left out: middleware, database, log, and
signed or encrypted URLs; they are base64 by default.
"""

import json
import uuid
from collections.abc import Callable
from typing import Any

import django
from botocore.config import Config
from botocore.session import get_session
from django.conf import settings as django_settings
from django.core.handlers.wsgi import WSGIHandler
from django.urls import re_path
from pytracking import Configuration, TrackingResult
from pytracking.django import ClickTrackingView, OpenTrackingView

from chalicelib import settings

KEPT_SECONDS = 90 * 86_400

Write = Callable[[TrackingResult], None]


def _nowhere(result: TrackingResult) -> None:
    """What a view writes to until it is given something: Django wants the attribute to exist."""


class Open(OpenTrackingView):
    """The pixel."""

    write: Write = staticmethod(_nowhere)
    configuration = Configuration()

    def notify_tracking_event(self, tracking_result: TrackingResult) -> None:
        """Writes the open."""
        self.write(tracking_result)

    def get_configuration(self) -> Configuration:
        """The same for all."""
        return self.configuration


class Click(ClickTrackingView):
    """The redirect."""

    write: Write = staticmethod(_nowhere)
    configuration = Configuration()

    def notify_tracking_event(self, tracking_result: TrackingResult) -> None:
        """Writes the click."""
        self.write(tracking_result)

    def get_configuration(self) -> Configuration:
        """The same for all."""
        return self.configuration


def application() -> WSGIHandler:
    """The WSGI application. Django can be set up once in a process."""
    write = _writer()
    views = (
        re_path(r"^open/(?P<path>[\w=-]+)$", Open.as_view(write=write), name="open_tracking"),
        re_path(r"^click/(?P<path>[\w=-]+)$", Click.as_view(write=write), name="click_tracking"),
    )
    django_settings.configure(
        ROOT_URLCONF=views, ALLOWED_HOSTS=["127.0.0.1"], MIDDLEWARE=[], LOGGING_CONFIG=None, USE_I18N=False
    )
    django.setup()
    return WSGIHandler()


def _writer() -> Write:
    own = settings.read()
    config = Config(parameter_validation=False, connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 2})
    client: Any = get_session().create_client("dynamodb", region_name=own.region, config=config)

    def write(result: TrackingResult) -> None:
        client.put_item(
            TableName=own.events_table,
            Item=_item(result),
            ConditionExpression="attribute_not_exists(message_id)",
        )

    return write


def _item(result: TrackingResult) -> dict[str, Any]:
    """The fields of mailsight's item. pytracking knows neither the id of a request nor the end of a window."""
    return {
        "message_id": {"S": result.metadata["message_id"]},
        "event_key": {"S": f"{result.timestamp}#{uuid.uuid4()}"},
        "kind": {"S": "opened" if result.is_open_tracking else "clicked"},
        "data": {"S": json.dumps({"url": result.tracked_url, **result.request_data})},
        "expires_at": {"N": str(result.timestamp + KEPT_SECONDS)},
    }
