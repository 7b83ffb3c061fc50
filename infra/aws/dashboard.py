"""The body of infra/dashboard.yaml as CloudFormation takes it: JSON in one string."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from chalicelib.core.problem import MailsightError

_PRICE = re.compile(r"\{\{price:([^{}]*)\}\}")
_OPENED = re.compile(r"\$\{")
_SUBSTITUTION = re.compile(r"\$\{!?[A-Za-z][A-Za-z0-9:.]*\}")
"""What Fn::Sub replaces, like `${Stage}`, `${Table.Arn}` and `${AWS::Region}`, or leaves as `${Name}`: `${!Name}`."""


class BadDashboard(MailsightError):
    """The dashboard names what there is not; the message says what."""


def rendered(body: Mapping[str, Any], prices: Mapping[str, float]) -> dict[str, str]:
    """The dashboard with its prices, as a `Fn::Sub`: `${Stage}` and the like become values when it is deployed.

    `{{price:KEY}}` in any string becomes the number. Raises BadDashboard for a price that is unknown, with its name,
    and for a `${` that Fn::Sub would refuse, with what stands there.
    """
    text = json.dumps(_priced(body, prices), separators=(",", ":"))
    whole = {found.start() for found in _SUBSTITUTION.finditer(text)}
    for opened in _OPENED.finditer(text):
        if opened.start() not in whole:
            raise BadDashboard(f"nothing that can be substituted: {text[opened.start() : opened.start() + 40]!r}")
    return {"Fn::Sub": text}


def _priced(value: Any, prices: Mapping[str, float]) -> Any:
    if isinstance(value, str):
        return _PRICE.sub(lambda found: _price(found[1], prices), value)
    if isinstance(value, Mapping):
        return {key: _priced(inner, prices) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_priced(inner, prices) for inner in value]
    return value


def _price(key: str, prices: Mapping[str, float]) -> str:
    """In full: metric math reads no exponents."""
    if key not in prices:
        raise BadDashboard(f"there is no price {key!r}; infra/prices.json has them")
    return f"{Decimal(str(prices[key])):f}"
