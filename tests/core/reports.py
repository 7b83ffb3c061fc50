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


def by_rate(**changes: Any) -> dict[str, Any]:
    """Two templates by their open rates, one of which was worse before, and the other not among those ranked."""
    rate = {"rate_name": "open_rate_of_tracked"}
    first = row("offer", 20, 16, rank=1, rate=0.8, lower_bound=0.584, name="Offer", tracked=20, **rate)
    second = row("news", 40, 20, rank=2, rate=0.5, lower_bound=0.3506, tracked=40, **rate)
    then = {"from": "2026-11-17", "to": "2026-11-19", "summary": figures(9), "rows": [{**first, "rank": 12}]}
    ranking = {"minimum": 20, "order": None, "left_out": 3, "before": then}
    shown = {"by": None, "interval": None, "rows": [first, second], **ranking}
    return report("top-templates-by-open-rate", **{**shown, **changes})


def of_statuses(**changes: Any) -> dict[str, Any]:
    """Twelve mails that were opened, of three days."""
    mails = [
        {
            "subject": f"Offer {number}",
            "to": ["anna@example.com"],
            "sent_at": "2026-11-22T11:00:00.000Z",
            "status": "opened",
        }
        for number in range(12)
    ]
    filters = {"users": [], "group": None, "template": None, "module": None, "source": None, "status": "opened"}
    shown = {"by": None, "interval": None, "rows": [], "filters": filters}
    return report("sent-email-status", **{**shown, "emails": {"data": mails, "has_more": False}, **changes})


def by_template(**changes: Any) -> dict[str, Any]:
    rows = [row("welcome", 4, 3, name="=HYPERLINK()"), row("", 2)]
    return report(**{"by": "template", "interval": None, "rows": rows, **changes})
