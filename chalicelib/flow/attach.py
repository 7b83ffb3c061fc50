"""Files of a mail that were uploaded before: looked up when the mail is taken in, and brought to where it needs them.

An upload is gone after some days and a mail may be scheduled for later, so a mail keeps what it was made of: a copy
where its link leads, made within S3, or, of one that it carries, the bytes.
"""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, Protocol

from chalicelib.core.bad_input import BadInput, wrong
from chalicelib.core.message import Attachment, Content
from chalicelib.core.upload import MOST_IN_A_MAIL, Upload


class Register(Protocol):
    """What was said of uploads."""

    def get(self, account: str, upload_id: str, now: datetime) -> Upload | None: ...


class Brought(Protocol):
    """The bytes that came."""

    def size_of(self, account: str, upload_id: str) -> int | None: ...
    def read(self, account: str, upload_id: str) -> bytes: ...
    def copy(self, account: str, upload_id: str, key: str) -> None: ...


class Files(Protocol):
    """Where files are that go out as links."""

    def file_key(self, account: str, message_id: str, position: int) -> str: ...
    def delete_file(self, account: str, message_id: str, position: int) -> None: ...


class Uploads(NamedTuple):
    """All that is asked about uploads."""

    register: Register
    brought: Brought


def looked_up(content: Content, account: str, uploads: Uploads, now: datetime) -> Content:
    """The content with what is known of each upload in it: name, type and size. Raises BadInput for those that do not
    exist, or were not brought as they were announced."""
    found, errors = list(content.attachments), []
    places = [place for place, file in enumerate(found) if file.upload_id]
    if len(places) > MOST_IN_A_MAIL:
        raise BadInput([wrong("/attachments", f"at most {MOST_IN_A_MAIL} of them may be uploads, not {len(places)}")])
    for place in places:
        known = _known(found[place], account, uploads, now)
        if isinstance(known, Attachment):
            found[place] = known
        else:
            errors.append(wrong(f"/attachments/{place}/upload_id", known))
    if errors:
        raise BadInput(errors)
    return replace(content, attachments=tuple(found))


def _known(file: Attachment, account: str, uploads: Uploads, now: datetime) -> Attachment | str:
    """The file, or what is wrong with its upload."""
    assert file.upload_id is not None
    upload = uploads.register.get(account, file.upload_id, now)
    if upload is None:
        return "no such upload; make one with POST /v1/uploads"
    size = uploads.brought.size_of(account, file.upload_id)
    if size is None:
        return "nothing was uploaded yet; PUT the file to the url of the upload"
    if size != upload.size:
        return f"{size:,} bytes were uploaded, and {upload.size:,} were announced; make another upload"
    name, kind = file.filename or upload.filename, file.content_type or upload.content_type
    return replace(file, filename=name, content_type=kind, stored_size=size)


def brought(content: Content, account: str, message_id: str, uploads: Uploads, files: Files) -> Content:
    """The content as the message keeps it, after it was decided which files go out as links."""
    kept, position = [], 0
    for file in content.attachments:
        kept.append(_brought(file, account, message_id, position, uploads, files) if file.upload_id else file)
        position += file.is_linked
    return replace(content, attachments=tuple(kept))


def _brought(
    file: Attachment, account: str, message_id: str, position: int, uploads: Uploads, files: Files
) -> Attachment:
    assert file.upload_id is not None
    if file.is_linked:
        uploads.brought.copy(account, file.upload_id, files.file_key(account, message_id, position))
        return replace(file, upload_id=None)
    return replace(file, upload_id=None, stored_size=None, content=uploads.brought.read(account, file.upload_id))


def forget(content: Content, account: str, message_id: str, files: Files) -> None:
    """Deletes the copies of a message that came to nothing."""
    linked = (file for file in content.attachments if file.is_linked)
    for position, file in enumerate(linked):
        if file.stored_size is not None:
            files.delete_file(account, message_id, position)
