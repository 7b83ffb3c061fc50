"""A report as a file: the page leads to where it can be fetched."""

from chalicelib.core.bad_input import BadInput
from chalicelib.core.sheet import format_of
from chalicelib.web.answer import Answer, Asked, NotHere, redirect
from chalicelib.web.ports import Parts
from chalicelib.web.report_controls import PATH
from chalicelib.web.report_filters import paged
from chalicelib.web.report_words import REPORTS
from chalicelib.web.signin import Visit, guarded
from chalicelib.web.urls import local_place

FORMAT = "format"


def show_file(name: str, asked: Asked, parts: Parts) -> Answer:
    """The page `/reports/{name}/file`, whose query is the API's. Raises NotHere."""
    if name not in REPORTS:
        raise NotHere("There is no such report.")
    place = local_place(f"{PATH}/{name}/file", asked.values)
    return guarded(asked, parts, place, lambda visit: _file(name, visit, parts))


def _file(name: str, visit: Visit, parts: Parts) -> Answer:
    query = {field: values for field, values in visit.asked.values.items() if field != FORMAT}
    try:
        file_format = format_of(visit.asked.query.get(FORMAT, ""))
        return redirect(parts.report_file(visit.account, name, query, file_format))
    except BadInput:  # the report's own page says what is wrong
        return redirect(parts.site.place(f"{PATH}/{name}", paged(query)))
