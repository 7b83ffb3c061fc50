"""A stub of DynamoDB that takes everything and keeps nothing: HTTPS on loopback, in a process of its own."""

import multiprocessing
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

HOST = "dynamodb.us-east-1.amazonaws.com"


class Store(NamedTuple):
    """`certificate` is PEM and of HOST; it has signed itself, so who shall trust it must be told."""

    port: int
    certificate: bytes


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answers as DynamoDB answers a PutItem."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", "2")
        self.send_header("x-amzn-RequestId", "VNTB9S8LH5CMPKRDVU0V3V4GSFVV4KQNSO5AEMVJF66Q9ASUAAJG")
        self.send_header("x-amz-crc32", "2745614147")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def store(folder: Path) -> Iterator[Store]:
    """A stub while the block lasts. The folder takes its key."""
    key, certificate = _certificate()
    both = folder / "stub.pem"
    both.write_bytes(key + certificate)
    listen, tell = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=_serve, args=(both, tell), daemon=True)
    process.start()
    try:
        yield Store(listen.recv(), certificate)
    finally:
        process.terminate()
        process.join()


def _serve(both: Path, tell: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(both)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    tell.send(server.server_port)
    server.serve_forever()


def _certificate() -> tuple[bytes, bytes]:
    """A key and a certificate of HOST, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    number = x509.random_serial_number()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"stub {number}")])  # OpenSSL looks for issuers by name
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), number)
        .not_valid_before(datetime(2020, 1, 1))
        .not_valid_after(datetime(2090, 1, 1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem, certificate.public_bytes(Encoding.PEM)
