"""Reports as the API shows them, for tests of what is made of them."""

from typing import Any

COUNTED = ("sent", "delivered", "bounced", "opened", "clicked")


def figures(sent: int, opened: int = 0, **more: Any) -> dict[str, Any]:
    rate = round(opened / sent, 4) if sent else None
    counts = dict.fromkeys(COUNTED, 0) | {"sent": sent, "delivered": sent, "opened": opened}
    return {**counts, **more, "rates": {"open_rate_of_delivered": rate, "click_rate_of_opened": None}}


def row(key: str, sent: int, opened: int = 0, **more: Any) -> dict[str, Any]:
    return {"key": key, "from": None, "to": None, "name": None, **more, **figures(sent, opened)}


def day(text: str, sent: int, opened: int = 0) -> dict[str, Any]:
    return row(text, sent, opened, **{"from": text, "to": text})


def report(name: str = "email-analytics", **changes: Any) -> dict[str, Any]:
    """Three days by date, of an account in Berlin."""
    whole = {
        "object": "report",
        "report": name,
        "from": "2026-11-20",
        "to": "2026-11-22",
        "period": None,
        "time_zone": "Europe/Berlin",
        "by": "date",
        "interval": "day",
        "filters": {"users": [], "group": None, "template": "", "module": "leads", "source": None},
        "as_of": "2026-11-22T11:00:00.000Z",
        "summary": figures(6, 3),
        "rows": [day("2026-11-20", 1), day("2026-11-21", 2, 1), day("2026-11-22", 3, 2)],
        "others": None,
        "before": None,
    }
    return {**whole, **changes}


def calls(**changes: Any) -> dict[str, Any]:
    """Mails and calls of two users."""
    own = {"calls": 7, "calls_outbound": 5, "calls_inbound": 2, "calls_missed": 1, "call_seconds": 7500}
    rows = [row("ina", 4, 3, name="Ina Berg", **own), row("raj", 2, **dict.fromkeys(own, 0))]
    shown = {"by": "user", "interval": None, "rows": rows, "summary": figures(6, 3, **own)}
    return report("email-and-call-analytics", **{**shown, **changes})


def by_template(**changes: Any) -> dict[str, Any]:
    rows = [row("welcome", 4, 3, name="=HYPERLINK()"), row("", 2)]
    return report(**{"by": "template", "interval": None, "rows": rows, **changes})
