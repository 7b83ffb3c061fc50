"""Every operation of the document with whatever a generator makes of it, right and wrong: nothing breaks, and every
answer is one that the document has.

`make attack EXAMPLES=1000` tries for longer.
"""

import os
import re

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app import app
from chalicelib.core import openapi
from tests.entrypoints.as_wsgi import AsWsgi
from tests.entrypoints.every_route import PERSON, Owner, bodies, forget_parts
from tests.moto_stack import data_stack

USUAL = 6
EXAMPLES = int(os.environ.get("EXAMPLES", USUAL))

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

SCHEMA = schemathesis.openapi.from_dict(openapi.document("http://localhost") | {"security": []})  # the key is given
SCHEMA.app = AsWsgi(app)
FOUND = [found.ok() for found in SCHEMA.get_all_operations()]
OPERATIONS = sorted(FOUND, key=lambda one: one.method.upper() == "DELETE")  # then there is nothing more to look at


def places(operation):
    """Where an operation takes something: path, query, header, body."""
    raw = operation.definition.raw
    return {one["in"] for one in raw["parameters"]} | ({"body"} if "requestBody" in raw else set())


RIGHT = [(one, GenerationMode.POSITIVE) for one in OPERATIONS]
WRONG = [(one, GenerationMode.NEGATIVE) for one in OPERATIONS if places(one)]


@pytest.fixture(scope="module")
def attacked():
    """An account that has one of everything, with a key that may do all there is."""
    with pytest.MonkeyPatch.context() as patch, data_stack() as stack:
        for name, value in stack.environment.items():
            patch.setenv(name, value)
        forget_parts()
        yield Owner(stack)
        forget_parts()


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize(
    ("operation", "mode"), [*WRONG, *RIGHT], ids=lambda one: getattr(one, "label", None) or one.value
)
def test_whatever_is_sent_is_answered_as_the_document_says(attacked, operation, mode):
    key = {"Authorization": f"Bearer {attacked.key}"}

    @settings(
        max_examples=EXAMPLES,
        suppress_health_check=list(HealthCheck),
        derandomize=EXAMPLES == USUAL,  # `make test` is the same each time, `make attack` never
        database=None,
    )
    @given(case=cases(attacked, operation, mode))
    def attack(case):
        case.call_and_validate(headers=key, checks=CHECKS)

    attack()


def cases(attacked, operation, mode):
    """What a generator makes of an operation; with ids of what is there; and with some of what a right request has,
    for no schema says which addresses and URLs are taken."""
    names = re.findall(r"{(\w+)}", operation.path)
    ids = {name: attacked.named.ids[f"{operation.path.split('/')[2]}/{name}"] for name in names}
    made = operation.as_strategy(mode)
    if ids and (mode is GenerationMode.POSITIVE or places(operation) - {"path"}):
        made |= operation.as_strategy(mode, path_parameters=ids)
    return made | st.builds(mend, made, right_fields(attacked, operation))


def right_fields(attacked, operation):
    """Some of the fields of a right body."""
    definition = operation.definition.raw
    if "requestBody" not in definition:
        return st.just({})
    name = definition["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    right = bodies("anna@example.com", attacked.upload_id, "")[name]
    right.pop("attachments", None)
    return st.fixed_dictionaries({}, optional={field: st.just(value) for field, value in right.items()}) | st.just(
        right
    )


def mend(case, right):
    """The case with these fields in its body, and with an address that is one in its query."""
    if isinstance(case.body, dict):
        case.body = {**case.body, **right}
    if isinstance(case.query, dict) and "address" in case.query:
        case.query = {**case.query, "address": PERSON}
    return case
