"""`/openapi.json`: the API described for programs; needs no key."""

import json
from functools import cache

from chalice.app import Blueprint, Response

from chalicelib import settings
from chalicelib.core import openapi
from chalicelib.entrypoints.address import own_url

bp = Blueprint(__name__)


@cache
def _text(url: str) -> str:
    return json.dumps(openapi.document(url))


@bp.route("/openapi.json", methods=["GET"])
def get_document() -> Response:
    """The document as JSON."""
    text = _text(own_url(settings.read(), bp.current_request.context))
    return Response(text, {"Content-Type": "application/json", "Cache-Control": "public, max-age=300"})
