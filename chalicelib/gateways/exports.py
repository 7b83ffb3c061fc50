"""What was exported: ZIPs of people, lists of mails and reports as files, in the blob bucket, deleted after a week by
its lifecycle (infra/data.yaml)."""

import json
import tempfile
import zipfile
from collections.abc import Collection, Iterable, Mapping
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from botocore.config import Config

from chalicelib.core.line import is_line

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "_exports"
"""No account is called so: its mails would be deleted after a week."""

REPORTS = "reports"
"""The folder of an account's reports; those of jobs have the job's id."""

SIGNING = Config(signature_version="s3v4")
"""Of links; without it boto3 may sign them in a way that S3 has given up in newer regions."""

ZIP = "application/zip"

_UNSAFE = frozenset('/\\:*?"<>|')


class Archive:
    """One ZIP, written to the disk as it grows; `json` holds what it says of each mail. Use it as a context."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed by __exit__
        self._mails: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # as above
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED)
        self.mails = 0

    def __enter__(self) -> "Archive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()
        self._mails.close()
        self._file.close()

    @property
    def size(self) -> int:
        """Bytes on the disk so far."""
        return self._file.tell() + self._mails.tell()

    def add_mail(self, shown: Mapping[str, Any]) -> None:
        """One more entry of `mails` in person.json."""
        text = json.dumps(shown, ensure_ascii=False, indent=1)
        self._mails.write((",\n" if self.mails else "").encode() + text.encode("utf-8", "replace"))
        self.mails += 1

    def add_file(self, folder: str, name: str, chunks: Iterable[bytes]) -> None:
        """One more file, under a name that every system takes."""
        with self._zip.open(f"{folder}/{_safe(name)}", "w", force_zip64=True) as file:
            for chunk in chunks:
                file.write(chunk)

    def finish(self, person: Mapping[str, Any]) -> IO[bytes]:
        """The whole ZIP, from its beginning; `person` is what person.json says beside the mails."""
        head = json.dumps(person, ensure_ascii=False, indent=1).removesuffix("\n}")
        self._mails.seek(0)
        with self._zip.open("person.json", "w", force_zip64=True) as file:
            file.write(f'{head},\n "mails": [\n'.encode("utf-8", "replace"))
            while chunk := self._mails.read(1_000_000):
                file.write(chunk)
            file.write(b"\n]}\n")
        self._zip.close()
        self._file.seek(0)
        return self._file


class Exports:
    """Keeps files. `s3` is a boto3 client."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, account: str, folder: str, name: str, file: IO[bytes], content_type: str = ZIP) -> str:
        """Stores a file in the folder of a job or of reports, and returns its key."""
        key = f"{_folder(account, folder)}{name}"
        self._s3.upload_fileobj(file, self._bucket, key, ExtraArgs={"ContentType": content_type})
        return key

    def delete(self, key: str) -> None:
        """Removes one file; one that is not there is no error."""
        self._s3.delete_object(Bucket=self._bucket, Key=key)

    def delete_all(self, account: str, folder: str, keep: Collection[str] = ()) -> None:
        """Removes all files of a folder but those with these keys."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=_folder(account, folder))
        for page in pages:
            for one in page.get("Contents", []):
                if one["Key"] not in keep:
                    self.delete(one["Key"])

    def url_of(self, key: str, seconds: int, filename: str = "person.zip") -> str:
        """Where a file can be fetched for so long, by the credentials of this process; without a call. `filename` is
        what a browser calls it: letters, digits, and `._-`."""
        disposition = f"attachment; filename={filename}"
        wanted = {"Bucket": self._bucket, "Key": key, "ResponseContentDisposition": disposition}
        return self._s3.generate_presigned_url("get_object", Params=wanted, ExpiresIn=seconds)


def _folder(account: str, folder: str) -> str:
    return f"{PREFIX}/{account}/{folder}/"


def _safe(name: str) -> str:
    kept = "".join("_" if one in _UNSAFE or not is_line(one) else one for one in name)
    return kept.encode("utf-8", "replace").decode()[:120].strip(". ") or "file"
