"""`/openapi.json`: the API described for programs; needs no key."""

import json
from functools import cache

from chalice.app import Blueprint, Response

from chalicelib import settings
from chalicelib.core import openapi

bp = Blueprint(__name__)


@cache
def _text() -> str:
    return json.dumps(openapi.document(settings.read().dashboard_url or "/"))


@bp.route("/openapi.json", methods=["GET"])
def get_document() -> Response:
    """The document as JSON."""
    return Response(_text(), {"Content-Type": "application/json", "Cache-Control": "public, max-age=300"})
