"""SAM translated to plain CloudFormation, by the library that AWS itself translates with."""

import copy
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

FUNCTION = "AWS::Serverless::Function"

_KEPT = ("AWS::Region", "AWS::Partition")


def translated(template: dict[str, Any]) -> dict[str, Any]:
    """The template without SAM. Parameters, region and partition stay open, so that it fits every stage and place.

    The library would write parameters' defaults and its own region into what it translates. So defaults are put aside,
    and the region is said to be a reference to itself.
    """
    work = copy.deepcopy(template)
    parameters = work.pop("Parameters", {})
    open_values = {name: {"Ref": name} for name in _KEPT}
    with _a_region():
        made: dict[str, Any] = Translator({}, Parser()).translate(work, parameter_values=open_values)
    return {"AWSTemplateFormatVersion": "2010-09-09", **made, "Parameters": parameters}


@contextmanager
def _a_region() -> Iterator[None]:
    """A region for the library, which refuses to work without one."""
    before = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = before or "us-east-1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["AWS_DEFAULT_REGION"]
