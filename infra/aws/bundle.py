"""The zip of the functions, made from what Chalice packs: less of it, compiled, and the same bytes for the same code.

Of botocore only the descriptions of the services that we call stay (15 of 22 MB are the others), and of Pillow what
draws and writes PNG (8 of its 21 MB are for other formats). Everything is compiled with hashes that nobody checks (PEP
552): Lambda's disk has other times than the zip, and a cold start would compile everything anew.
"""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from chalicelib.core.problem import MailsightError

SERVICES = frozenset({"dynamodb", "s3", "sesv2", "sqs"})
"""What the functions make clients of; a test compares it with the code."""

_BOTOCORE_DATA = ("botocore", "data")
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
_READABLE = 0o100644 << 16
_UNUSED = frozenset({"__pycache__", "tests"})
_OTHER_FORMATS = (
    *("PIL/_avif", "PIL/_imagingcms", "PIL/_imagingtk", "PIL/_webp"),
    *("pillow.libs/libavif", "pillow.libs/liblcms2", "pillow.libs/libsharpyuv", "pillow.libs/libwebp"),
)
"""Of Pillow, what its other parts do without; whoever asked for these formats would be told that there are none."""
_FORMAT = re.compile(r"PIL/(\w+?)(Image|Stub)Plugin\.")
_FORMATS = frozenset({"Bmp", "Gif", "Jpeg", "Png", "Ppm"})
"""Which Pillow loads before it looks for others."""


def repack(packed: Path, folder: Path, target: Path) -> Path:
    """Unpacks a zip into an empty folder, and packs what is needed of it into `target`."""
    with zipfile.ZipFile(packed) as source:
        for name in source.namelist():
            if is_needed(name):
                source.extract(name, folder)
    _compile(folder)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _DATE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, _READABLE
            made.writestr(entry, path.read_bytes())
    return target


def _compile(folder: Path) -> None:
    """Compiled files beside the sources, which stay for tracebacks. A fixed seed fixes the order of sets in them."""
    options = ["-q", "-s", str(folder), "-p", "/var/task", "--invalidation-mode", "unchecked-hash"]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "compileall", *options, str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise MailsightError(f"not every packed module compiles: {done.stdout[-1000:]}{done.stderr[-1000:]}")


def is_needed(name: str) -> bool:
    """Whether a file of Chalice's zip is deployed."""
    parts = name.rstrip("/").split("/")
    if name.endswith("/") or _UNUSED & set(parts) or name.startswith(_OTHER_FORMATS):
        return False
    image = _FORMAT.match(name)
    if image and image[1] not in _FORMATS:
        return False
    is_of_a_service = tuple(parts[:2]) == _BOTOCORE_DATA and len(parts) > 3
    return not is_of_a_service or parts[2] in SERVICES
