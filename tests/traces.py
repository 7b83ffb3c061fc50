"""Whatever would tell a person's address to somebody who looks for it in a dump: the address in many disguises."""

import gzip
import hashlib
import io
import zipfile
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote


def disguises(address: str) -> dict[str, bytes]:
    """Names of disguises and what to look for. Of base64 the part that is the same wherever the address begins."""
    found: dict[str, bytes] = {}
    for case, text in (("as it is", address), ("lower", address.lower()), ("upper", address.upper())):
        plain = text.encode()
        found[case] = plain
        found[f"{case}, percent-encoded"] = quote(text, safe="").encode()
        found[f"{case}, all percent-encoded"] = "".join(f"%{octet:02X}" for octet in plain).encode()
        found[f"{case}, hex"] = plain.hex().encode()
        found[f"{case}, HEX"] = plain.hex().upper().encode()
        found[f"{case}, reversed"] = plain[::-1]
        found[f"{case}, UTF-16"] = text.encode("utf-16-le")
        for offset in range(3):
            padded = b"\0" * offset + plain
            whole = len(padded) // 3 * 3
            for name, encode in (("base64", b64encode), ("base64url", urlsafe_b64encode)):
                found[f"{case}, {name} at {offset}"] = encode(padded[:whole])[4 if offset else 0 :]
        for name in ("sha256", "sha1", "md5"):
            digest = hashlib.new(name, plain).digest()
            found |= {f"{case}, {name}": digest.hex().encode(), f"{case}, {name}, base64": b64encode(digest)}
    return found


def found_in(stored: Iterable[tuple[str, bytes]], address: str) -> list[tuple[str, str]]:
    """Where the address is, and in which disguise; looks into what is packed, too."""
    sought = disguises(address)
    return [
        (place, name)
        for place, octets in stored
        for layer in _layers(octets)
        for name, disguise in sought.items()
        if disguise in layer
    ]


def _layers(octets: bytes) -> Iterator[bytes]:
    """As it is, and unpacked: gzip, ZIP, and zlib, whose first two octets are a multiple of 31 (RFC 1950, 2.2)."""
    yield octets
    if octets[:2] == b"\x1f\x8b":
        yield from _layers(gzip.decompress(octets))
    elif octets[:4] == b"PK\3\4":
        with zipfile.ZipFile(io.BytesIO(octets)) as archive:
            for one in archive.infolist():
                yield one.filename.encode()
                yield from _layers(archive.read(one))
    elif octets[:1] == b"\x78" and int.from_bytes(octets[:2], "big") % 31 == 0:
        with suppress(zlib.error):
            yield from _layers(zlib.decompress(octets))


def _text_of(value: Any) -> bytes:
    """An item, or a value of one, as text; with it what is packed in it."""
    return b"\n".join([repr(value).encode(), *(layer for octets in _binary(value) for layer in _layers(octets))])


def _binary(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _binary(one)


def tables(dynamodb: Any, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Every item of every table."""
    for name in names:
        for page in dynamodb.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
            for item in page["Items"]:
                yield f"table {name}", _text_of(item)


def objects(s3: Any, bucket: str) -> Iterator[tuple[str, bytes]]:
    """Every object of a bucket, and its key."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for one in page.get("Contents", []):
            yield f"object {one['Key']}", one["Key"].encode()
            yield f"object {one['Key']}", s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()


def messages(sqs: Any, urls: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """What waits in queues; it stays there."""
    for url in urls:
        for _ in range(5):
            received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
            for one in received.get("Messages", []):
                yield f"queue {url}", one["Body"].encode()


def attributes(dynamodb: Any, names: Iterable[str]) -> Iterator[tuple[str, dict[str, Any], bytes]]:
    """Every attribute of every item of every table: table and name, the item, and the value as text."""
    for name in names:
        for page in dynamodb.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
            for item in page["Items"]:
                for attribute, value in item.items():
                    yield f"{name}.{attribute}", item, _text_of(value)
