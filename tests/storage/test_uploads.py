"""What is known of uploads."""

from datetime import UTC, datetime

import pytest

from chalicelib.core.upload import KEPT, Upload
from chalicelib.storage.uploads import Uploads
from tests.moto_stack import REGION

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
UPLOAD = Upload("a" * 32, "Größe.pdf", "application/pdf", 4, NOON + KEPT)


@pytest.fixture
def uploads(stack) -> Uploads:
    made = Uploads("account", REGION)
    made.add("acme", UPLOAD)
    return made


def test_an_upload_is_its_accounts_until_it_is_over(uploads):
    assert uploads.get("acme", UPLOAD.upload_id, NOON) == UPLOAD
    assert uploads.get("other", UPLOAD.upload_id, NOON) is None
    assert uploads.get("acme", "b" * 32, NOON) is None
    assert uploads.get("acme", UPLOAD.upload_id, NOON + KEPT) is None, "TTL deletes late"
