"""Templates of accounts, in the table `account`: `template#<id>`, found as directory.py says.

Html and text lie in the blob bucket (gateways/template_contents.py), so that an item is small and all of an account's
are read at once.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from chalicelib.core import instant
from chalicelib.core.template import Template
from chalicelib.storage import directory, keys
from chalicelib.storage.account import AccountRow
from chalicelib.storage.tables import bind, is_done
from chalicelib.storage.versions import until_done


class Page(NamedTuple):
    """A page of templates, by their ids; `after` and `before` are the places from which to go on."""

    templates: list[Template]
    has_more: bool
    after: str | None
    before: str | None


class Changed(NamedTuple):
    """A template before and after a change, None where there is none."""

    before: Template | None
    after: Template | None


class Templates:
    """Reads and changes templates, always without html and text."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(AccountRow, table_name, region)

    def get(self, account: str, template_id: str) -> Template | None:
        """The template of this id."""
        row = directory.find(self._rows, account, keys.template(template_id))
        return _template(row) if row else None

    def all(self, account: str) -> list[Template]:
        """All templates, by their ids."""
        return [_template(row) for row in directory.every(self._rows, account, keys.TEMPLATES)]

    def page(self, account: str, limit: int, after: str | None = None, before: str | None = None) -> Page:
        """Templates behind the id `after`, or the nearest ones before the id `before`."""
        found = directory.page(self._rows, account, keys.TEMPLATES, limit, after, before)
        templates = [_template(row) for row in found.rows]
        ends = (templates[-1].template_id, templates[0].template_id) if templates else (None, None)
        return Page(templates, found.has_more, *ends)

    def change(self, account: str, template_id: str, change: Callable[[Template | None], Template | None]) -> Changed:
        """Replaces a template by what `change` makes of it, which is asked again if another change came first."""

        def attempt() -> Changed | None:
            row = directory.find(self._rows, account, keys.template(template_id))
            before = _template(row) if row else None
            after = change(before)
            if after == before or self._is_written(account, template_id, row, after):
                return Changed(before, after)
            return None

        return until_done(attempt)

    def _is_written(self, account: str, template_id: str, row: AccountRow | None, after: Template | None) -> bool:
        made = self._rows(account, keys.template(template_id), data=_data(after) if after else {})
        condition = directory.is_as_read(self._rows, row)
        return is_done(lambda: made.save(condition=condition) if after else made.delete(condition=condition))


def _data(template: Template) -> dict[str, Any]:
    return {
        "name": template.name,
        "subject": template.subject,
        "created_at": instant.show(template.created_at),
        "updated_at": instant.show(template.updated_at),
        "content_id": template.content_id,
    }


def _template(row: AccountRow) -> Template:
    data = row.data
    return Template(
        template_id=row.item.removeprefix(keys.TEMPLATES),
        name=data["name"],
        subject=data["subject"],
        html=None,
        text=None,
        updated_at=instant.parse(data["updated_at"]),
        created_at=instant.parse(data["created_at"]),
        content_id=data["content_id"],
    )
