"""Certificates for servers on loopback, as PEM: a key, and what it has signed."""

import ssl
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Issuer(NamedTuple):
    """Who signs certificates."""

    key: ec.EllipticCurvePrivateKey
    name: x509.Name
    pem: bytes


def authority(common_name: str) -> Issuer:
    """An authority that has signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    made = _builder(name, name, key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return Issuer(key, name, made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))


def of_server(issuer: Issuer | None, host: str = "127.0.0.1") -> bytes:
    """Key and certificate of a server, signed by the issuer, or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    alternative = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    made = _builder(name, issuer.name if issuer else name, key)
    made = made.add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
    signer = issuer.key if issuer else key
    made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return secret + made.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM)


def tls_of_server(pem: bytes, folder: Path) -> ssl.SSLContext:
    """What a server with this key and certificate listens with."""
    path = folder / "server.pem"
    path.write_bytes(pem)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path)
    return tls


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    made = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    return made.not_valid_before(datetime(2020, 1, 1)).not_valid_after(datetime(2090, 1, 1))
