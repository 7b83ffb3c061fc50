"""Whom the hot path's connections trust, against servers that show every kind of certificate."""

import ssl
from hashlib import sha256
from pathlib import Path

import botocore
import pytest

from chalicelib.gateways import http1, trust
from chalicelib.gateways.trust import Trust
from tests.gateways import certificates
from tests.gateways.aws_on_loopback import AwsOnLoopback, aws_on_loopback

PATIENT = 20.0
REQUEST = http1.request(http1.beginning("/", {"x-amz-target": "T.PutItem"}), {}, b"{}")
ROOTS = Path(trust.ROOTS)

# https://www.amazontrust.com/repository/, "Root CAs", fingerprints
PUBLISHED = {
    "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",  # Amazon Root CA 1
    "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",  # Amazon Root CA 2
    "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",  # Amazon Root CA 3
    "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",  # Amazon Root CA 4
    "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",  # Starfield Services Root CA - G2
}


def only(path: Path) -> Trust:
    return lambda: ssl.create_default_context(cafile=path)


def never() -> ssl.SSLContext:
    raise AssertionError("asked without need")


def status(server: AwsOnLoopback, *trusted: Trust, host: str = "127.0.0.1") -> int:
    """That of one exchange."""
    connection = http1.connect(host, server.server_port, PATIENT, trusted)
    try:
        return connection.exchange(REQUEST, PATIENT)[0]
    finally:
        connection.close()


# A server and its certificate


def test_a_server_of_an_authority_that_is_trusted_is_asked(secure: tuple[AwsOnLoopback, Path]) -> None:
    server, authority = secure
    assert status(server, only(authority)) == 200
    assert server.operations() == ["PutItem"]


@pytest.mark.parametrize("trusted", [[trust.everybody], [trust.amazon], [trust.amazon, trust.everybody]])
def test_a_server_of_an_authority_that_nobody_knows_is_told_nothing(
    trusted: list[Trust], secure: tuple[AwsOnLoopback, Path]
) -> None:
    server, _ = secure
    with pytest.raises(ssl.SSLCertVerificationError):
        status(server, *trusted)
    assert server.calls == []


def test_a_server_that_has_signed_itself_is_told_nothing(tmp_path: Path) -> None:
    tls = certificates.tls_of_server(certificates.of_server(None), tmp_path)
    with aws_on_loopback(tls) as server:
        with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
            status(server, trust.amazon, trust.everybody)
        assert server.calls == []


def test_a_certificate_of_another_host_is_refused(tmp_path: Path) -> None:
    authority = certificates.authority("tests")
    public = tmp_path / "authority.pem"
    public.write_bytes(authority.pem)
    tls = certificates.tls_of_server(certificates.of_server(authority, "dynamodb.us-east-1.amazonaws.com"), tmp_path)
    with aws_on_loopback(tls) as server:
        with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
            status(server, only(public))
        assert server.calls == []


def test_a_server_of_many_hosts_is_told_which_one_is_meant(tmp_path: Path) -> None:
    authority = certificates.authority("tests")
    public = tmp_path / "authority.pem"
    public.write_bytes(authority.pem)
    tls = certificates.tls_of_server(certificates.of_server(authority, "localhost"), tmp_path)
    asked_for: list[str | None] = []
    tls.sni_callback = lambda _, name, __: asked_for.append(name)
    with aws_on_loopback(tls) as server:
        assert status(server, only(public), host="localhost") == 200
    assert asked_for == ["localhost"]


# One after the other


def test_who_is_asked_first_decides_where_it_knows_the_host(secure: tuple[AwsOnLoopback, Path]) -> None:
    server, authority = secure
    assert status(server, only(authority), never) == 200


def test_a_host_that_the_first_does_not_know_is_held_against_the_next(secure: tuple[AwsOnLoopback, Path]) -> None:
    server, authority = secure
    assert status(server, trust.amazon, only(authority)) == 200
    assert server.operations() == ["PutItem"]


def test_nobody_is_asked_twice(secure: tuple[AwsOnLoopback, Path]) -> None:
    asked: list[str] = []

    def nobody(name: str) -> Trust:
        return lambda: asked.append(name) or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    with pytest.raises(ssl.SSLCertVerificationError):
        status(secure[0], nobody("first"), nobody("second"))
    assert asked == ["first", "second"]


def test_nobody_else_is_asked_about_a_server_without_tls(dynamodb: AwsOnLoopback) -> None:
    with pytest.raises(ssl.SSLError):
        status(dynamodb, trust.amazon, never)
    assert dynamodb.calls == []


# Whom


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("dynamodb.eu-central-1.amazonaws.com", (trust.amazon, trust.everybody)),
        ("vpce-1a2b-3c.sqs.us-east-1.vpce.amazonaws.com", (trust.amazon, trust.everybody)),
        ("dynamodb.cn-north-1.amazonaws.com.cn", (trust.everybody,)),
        ("notamazonaws.com", (trust.everybody,)),
        ("amazonaws.com.example", (trust.everybody,)),
        ("127.0.0.1", (trust.everybody,)),
        ("", (trust.everybody,)),
    ],
)
def test_amazons_authorities_are_asked_first_about_its_own_hosts(host: str, expected: tuple[Trust, ...]) -> None:
    assert trust.for_host(host) == expected


def test_amazons_authorities_are_those_that_it_publishes() -> None:
    found = trust.amazon().get_ca_certs(binary_form=True)
    assert {sha256(certificate).hexdigest() for certificate in found} == PUBLISHED


def test_amazons_authorities_are_among_those_of_botocore() -> None:
    theirs = ssl.create_default_context(cafile=Path(botocore.__file__).with_name("cacert.pem"))
    known = set(theirs.get_ca_certs(binary_form=True))
    assert set(trust.amazon().get_ca_certs(binary_form=True)) <= known
