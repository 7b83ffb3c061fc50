"""Where this installation's API and pages are reached."""

from collections.abc import Mapping
from typing import Any

from chalicelib.settings import BadSettings, Settings


def own_url(own: Settings, context: Mapping[str, Any]) -> str:
    """The URL of the API and the pages, without a slash at the end.

    Without a domain of its own the API is reached by the gateway's name for it and its stage, and only a request
    tells that name: the API's id is not known before the function is there. `context` is API Gateway's of a request.
    """
    if own.dashboard_url:
        return own.require("dashboard_url").dashboard_url
    try:
        return f"https://{context['domainName']}/{context['stage']}"
    except KeyError:
        raise BadSettings("set the environment variable MAILSIGHT_DASHBOARD_URL") from None
