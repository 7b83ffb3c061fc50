"""Templates to text. Jinja2 is imported on the first page only, so that the JSON half of the function never pays."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.web import assets
from chalicelib.web.view import plural

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **values: object) -> str:
    """The text of a template. Everything is escaped; a name that the template misses is an error."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["hashed"] = assets.hashed
    environment.filters["plural"] = plural
    return environment
