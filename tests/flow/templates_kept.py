"""Templates in memory."""

from datetime import UTC, datetime

from chalicelib.core.template import Template
from chalicelib.flow.template import Stores
from chalicelib.gateways.template_contents import Bodies

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Shelf:
    """Templates by account and id; `reads` counts how often bodies were read."""

    def __init__(self) -> None:
        self.templates: dict[tuple[str, str], Template] = {}
        self.bodies: dict[str, Bodies] = {}
        self.reads = 0

    @property
    def stores(self) -> Stores:
        return Stores(self, _Bodies(self))

    def put(self, account, template_id, subject, html=None, text=None) -> None:
        self.templates[account, template_id] = Template(template_id, "x", subject, None, None, NOON, NOON, template_id)
        self.bodies[template_id] = Bodies(html, text)

    def get(self, account, template_id) -> Template | None:
        return self.templates.get((account, template_id))


class _Bodies:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def get(self, account, content_id) -> Bodies:
        self._shelf.reads += 1
        return self._shelf.bodies[content_id]
