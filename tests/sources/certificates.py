"""Certificates of an authority of our own, for hosts that are somebody else's: only who is told so trusts them."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Key = ec.EllipticCurvePrivateKey


def make_certificates(folder: Path, hosts: Iterable[str]) -> tuple[Path, Path]:
    """Tell the authority's file, and the file of a certificate of these hosts with its key."""
    key, own_key = _new_key(), _new_key()
    authority = _name("An authority of the tests")
    ca = _begin(authority, authority, key, key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    ca = ca.add_extension(_usage(signs_others=True), critical=True)
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    host = _begin(_name("A host of the tests"), authority, own_key, key).add_extension(names, critical=False)
    host = host.add_extension(_usage(signs_others=False), critical=True)
    ca_file, host_file = folder / "ca.pem", folder / "host.pem"
    ca_file.write_bytes(_pem(ca.sign(key, hashes.SHA256())))
    private = own_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    host_file.write_bytes(_pem(host.sign(key, hashes.SHA256())) + private)
    return ca_file, host_file


def _new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _begin(subject: x509.Name, issuer: x509.Name, own: Key, signing: Key) -> x509.CertificateBuilder:
    """Begin a certificate with what newer Pythons insist on."""
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    return (
        x509.CertificateBuilder(issuer, subject, own.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )


def _usage(*, signs_others: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, key_cert_sign=signs_others, crl_sign=signs_others, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
