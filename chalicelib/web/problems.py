"""What goes wrong, as pages: what happened, what was kept, what to do."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from chalicelib.web.answer import Answer, NotHere, Refused, TryAgain, html
from chalicelib.web.render import render
from chalicelib.web.urls import Site

logger = logging.getLogger(__name__)


def answered(site: Site, show: Callable[[], Answer]) -> Answer:
    """The answer of `show`, or the page of the error that it raised. The last resort of every page."""
    try:
        return show()
    except NotHere as error:
        return _problem(site, HTTPStatus.NOT_FOUND, "Not found", str(error))
    except Refused as error:
        return _problem(site, HTTPStatus.FORBIDDEN, "Nothing was changed", str(error))
    except TryAgain as error:
        return _problem(site, HTTPStatus.SERVICE_UNAVAILABLE, "Not now", str(error))
    except Exception:
        logger.exception("a page failed")
        detail = "Something failed on our side. Nothing was changed or lost; please try again in a moment."
        return _problem(site, HTTPStatus.INTERNAL_SERVER_ERROR, "This page could not be made", detail)


def _problem(site: Site, status: HTTPStatus, title: str, detail: str) -> Answer:
    body = render("problem.html", site=site, visit=None, title=title, detail=detail, status=int(status))
    return html(body, status=status)
