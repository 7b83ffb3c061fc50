"""The search for a person's address finds it in whatever the product packs."""

import gzip
import io
import zipfile

import boto3

from chalicelib.core import day_table
from chalicelib.core.cell import Place
from tests import traces
from tests.moto_stack import REGION, Stack

WHO = "erika.mustermann@example.com"
TABLE = day_table.table_of({Place("acme", "2026-11-22", user=WHO): {"sent": 1}})


def test_in_the_packed_table_of_a_day(stack: Stack) -> None:
    dynamodb = boto3.client("dynamodb", region_name=REGION)
    packed = {"L": [{"B": day_table.pack_sums(TABLE.sums)}]}
    dynamodb.put_item(TableName="reports", Item={"owner": {"S": "acme"}, "item": {"S": "day"}, "packed": packed})
    assert traces.found_in(traces.tables(dynamodb, ["reports", "account"]), WHO)[0] == ("table reports", "as it is")
    found = [(place, value) for place, _, value in traces.attributes(dynamodb, ["reports"])]
    assert {place for place, _ in traces.found_in(found, WHO)} == {"reports.packed"}


def test_in_files_of_an_archive_and_in_their_names() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("person.json.gz", gzip.compress(f'{{"address": "{WHO}"}}'.encode()))
        archive.writestr("raj@example.com.json", "{}")
    for packed in (written.getvalue(), gzip.compress(written.getvalue())):
        for address in (WHO, "raj@example.com"):
            assert ("object", "as it is") in traces.found_in([("object", packed)], address)
        assert traces.found_in([("object", packed)], "anna@example.com") == []


def test_what_only_looks_packed_is_read_as_it_is() -> None:
    assert traces.found_in([("object", b"x\x9c" + WHO.encode())], WHO)
