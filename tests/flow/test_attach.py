"""Mails with files that were uploaded before."""

from datetime import timedelta

import pytest

from chalicelib.core.account_policy import AccountPolicy
from chalicelib.core.bad_input import BadInput
from chalicelib.core.idempotency import body_hash
from chalicelib.core.linked_files import LARGEST_ATTACHMENTS
from chalicelib.core.message import Attachment
from chalicelib.core.upload import KEPT, MOST_IN_A_MAIL
from tests.flow.test_accept import BODY, NOON, World, rival

KEY = "acme/files/{}/{}"


@pytest.fixture
def world() -> World:
    return World()


def bring(world: World, content: bytes | None, name: str = "a.pdf", **changes) -> dict:
    return {"upload_id": world.bucket.bring(name, content, now=NOON, **changes)}


def taken(world: World, *files: dict, **changes) -> tuple[str, tuple[Attachment, ...]]:
    message_id = world.take(attachments=list(files), **changes)
    return message_id, world.contents[message_id].attachments


def refused(world: World, *files: dict) -> list[dict[str, str]]:
    with pytest.raises(BadInput) as error:
        world.take(attachments=list(files))
    assert not (world.contents or world.messages or world.queued or world.bucket.objects)
    return error.value.errors


def test_a_small_upload_is_a_file_like_any(world):
    _, files = taken(world, bring(world, b"%PDF"))
    assert files == (Attachment("a.pdf", b"%PDF", "application/pdf"),)
    assert world.bucket.objects == {}


def test_what_is_said_in_the_mail_goes_before_what_was_announced(world):
    file = bring(world, b"%PDF") | {"filename": "b.txt", "content_type": "text/plain", "content_id": "b@c"}
    assert taken(world, file)[1] == (Attachment("b.txt", b"%PDF", "text/plain", "b@c"),)


def test_an_upload_over_the_accounts_threshold_is_copied_to_where_its_link_leads(world):
    world.people.policy = AccountPolicy(attachment_threshold_bytes=3)
    small = {"filename": "c.txt", "content": "AAAAAAAA"}  # six bytes, the first of the links
    message_id, files = taken(world, small, bring(world, b"%PDF"), bring(world, b"abc"))
    assert [file.is_linked for file in files] == [True, True, False]
    assert files[1] == Attachment("a.pdf", b"", "application/pdf", is_linked=True, stored_size=4)
    assert world.bucket.objects == {KEY.format(message_id, 1): b"%PDF"}
    assert [(one.filename, one.size) for one in world.contents[message_id].clickable.files] == [
        ("c.txt", 6),
        ("a.pdf", 4),
    ]


def test_uploads_that_the_mail_cannot_carry_besides_the_others_go_out_as_links(world):
    most = bytes(LARGEST_ATTACHMENTS // 2)
    one = bring(world, most + b"x")
    files = taken(world, {"filename": "c.txt", "content": "AAAA"}, one, bring(world, most), bring(world, b"y"))[1]
    assert [file.is_linked for file in files] == [False, False, True, False]


def test_what_is_shown_in_the_mail_must_fit_into_it(world):
    shown = bring(world, bytes(LARGEST_ATTACHMENTS + 1)) | {"content_id": "a@b"}
    (error,) = refused(world, shown)
    assert error["pointer"] == "/attachments"


def test_one_upload_makes_files_of_several_mails(world):
    file = bring(world, b"%PDF") | {"as_link": True}
    ids = [taken(world, file, key=None)[0] for _ in range(2)]
    assert world.bucket.objects == {KEY.format(message_id, 0): b"%PDF" for message_id in ids}


def test_each_upload_that_cannot_be_used_is_named_with_what_to_do(world):
    foreign, unknown = bring(world, b"%PDF", account="other"), {"upload_id": "f" * 32}
    errors = refused(world, bring(world, None, size=9), bring(world, b"%PDF", size=5), foreign, unknown)
    assert [(error["pointer"], error["message"].partition(";")[0]) for error in errors] == [
        ("/attachments/0/upload_id", "nothing was uploaded yet"),
        ("/attachments/1/upload_id", "4 bytes were uploaded, and 5 were announced"),
        ("/attachments/2/upload_id", "no such upload"),
        ("/attachments/3/upload_id", "no such upload"),
    ]


def test_an_upload_is_over_after_two_days(world):
    upload_id = world.bucket.bring("a.pdf", b"%PDF", now=NOON - KEPT)
    assert refused(world, {"upload_id": upload_id})[0]["message"].startswith("no such upload")
    assert timedelta(days=2) == KEPT


def test_only_so_many_uploads_are_copied_for_one_mail(world):
    assert refused(world, *[bring(world, b"x")] * (MOST_IN_A_MAIL + 1))[0]["pointer"] == "/attachments"


def test_the_same_request_again_is_answered_with_the_mail_of_then_although_its_upload_is_over(world):
    file = bring(world, b"%PDF") | {"as_link": True}
    first, _ = taken(world, file)
    world.bucket.announced.clear()
    assert (world.take(attachments=[file]), world.is_new) == (first, False)


def test_the_loser_of_a_race_leaves_no_copies_behind(world):
    file = bring(world, b"%PDF") | {"as_link": True}
    world.take(key="first", attachments=[file])
    world.rival = rival(body_hash("race", BODY | {"attachments": [file]}))
    world.take(key="race", attachments=[file])
    assert not world.is_new
    assert [key for key in world.bucket.objects if "race" in key] == []
    assert len(world.bucket.objects) == 1, "of the first mail only"
