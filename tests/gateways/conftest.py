import ssl
from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from chalicelib.gateways import aws_json
from chalicelib.gateways.event_log import EventLog
from tests.gateways.aws_on_loopback import AwsOnLoopback, aws_on_loopback
from tests.gateways.event_logs import log_for


@pytest.fixture
def dynamodb() -> Iterator[AwsOnLoopback]:
    with aws_on_loopback() as server:
        yield server


@pytest.fixture
def sqs() -> Iterator[AwsOnLoopback]:
    with aws_on_loopback() as server:
        yield server


@pytest.fixture
def log(dynamodb: AwsOnLoopback, sqs: AwsOnLoopback) -> Iterator[EventLog]:
    log = log_for(dynamodb.url, sqs.url)
    yield log
    log.close()


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[AwsOnLoopback, Path]]:
    """A server with a certificate of its own for 127.0.0.1, and that certificate as a file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime(2020, 1, 1))
        .not_valid_after(datetime(2090, 1, 1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    both, public = tmp_path / "both.pem", tmp_path / "public.pem"
    public.write_bytes(certificate.public_bytes(Encoding.PEM))
    both.write_bytes(secret + public.read_bytes())
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(both)
    with aws_on_loopback(tls) as server:
        yield server, public
    aws_json._tls.cache_clear()
