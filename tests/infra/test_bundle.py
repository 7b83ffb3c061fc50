"""The zip of the functions is small, compiled, and the same for the same code."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from chalicelib.core.problem import MailsightError
from infra.aws import bundle


def chalices(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)
    return path


def repacked(tmp_path: Path, name: str, files: dict[str, str]) -> Path:
    return bundle.repack(chalices(tmp_path / f"{name}.zip", files), tmp_path / name, tmp_path / f"{name}-made.zip")


@pytest.mark.parametrize(
    ("name", "is_needed"),
    [
        ("app.py", True),
        ("chalicelib/web/static/app.css", True),
        ("botocore/data/endpoints.json", True),
        ("botocore/data/sqs/2012-11-05/service-2.json.gz", True),
        ("botocore/data/ec2/2016-11-15/service-2.json.gz", False),
        ("boto3/data/ec2/2016-11-15/resources-1.json", True),
        ("idna/__pycache__/core.cpython-311.pyc", False),
        ("dateutil/tests/test_tz.py", False),
        ("chalicelib/", False),
        ("PIL/_imaging.cpython-311-aarch64-linux-gnu.so", True),
        ("PIL/PngImagePlugin.py", True),
        ("PIL/PsdImagePlugin.py", False),
        ("PIL/_avif.cpython-311-aarch64-linux-gnu.so", False),
        ("pillow.libs/libfreetype-d2d71ad9.so.6.20.6", True),
        ("pillow.libs/libavif-a883386a.so.16.4.1", False),
    ],
)
def test_descriptions_of_services_that_nobody_calls_stay_behind(name, is_needed):
    assert bundle.is_needed(name) is is_needed


def test_a_module_is_compiled_so_that_no_cold_start_compares_it_with_its_source(tmp_path):
    with zipfile.ZipFile(repacked(tmp_path, "one", {"app.py": "x = 1\n", "lib/__init__.py": ""})) as made:
        names = made.namelist()
        compiled = [name for name in names if name.endswith(".pyc")]
        assert {"app.py", "lib/__init__.py"} == set(names) - set(compiled)
        assert len(compiled) == 2
        for name in compiled:
            assert made.read(name)[4:8] == b"\1\0\0\0", "PEP 552: by hash, never checked"


def test_the_same_code_gives_the_same_bytes(tmp_path):
    files = {"app.py": "known = {'a', 'b', 'c', 'd'}\ndef f(x):\n    return x in {'one', 'two', 'three', 'four'}\n"}
    first, second = (repacked(tmp_path, name, files).read_bytes() for name in ("first", "second"))
    assert hashlib.sha256(first).hexdigest() == hashlib.sha256(second).hexdigest()
    other = repacked(tmp_path, "other", {"app.py": "x = 2\n"}).read_bytes()
    assert other != first


def test_code_that_does_not_compile_is_not_packed(tmp_path):
    with pytest.raises(MailsightError, match="SyntaxError"):
        repacked(tmp_path, "broken", {"app.py": "def f(:\n"})
