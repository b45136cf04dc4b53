"""A certificate authority of our own, and what a reader of PDF files says about a signature."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

_PEM = serialization.Encoding.PEM


class Verdict(NamedTuple):
    """What a reader says: nothing was changed, the authority is known, and why it was signed."""

    is_intact: bool
    is_trusted: bool
    reason: str


def install(folder: Path, institution_id: UUID) -> None:
    """Give an institution a key and a certificate of a new authority."""
    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = _name("Lianxiao Test CA")
    above = _certificate(issuer, issuer, authority, authority, is_authority=True)
    own = _certificate(_name("连校培训中心"), issuer, key, authority, is_authority=False)
    private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / f"{institution_id}.pem").write_bytes(private + own.public_bytes(_PEM) + above.public_bytes(_PEM))


def verdict(folder: Path, institution_id: UUID, content: bytes) -> Verdict:
    """Validate the one signature of a file as a reader does that trusts the authority."""
    *_, root = load_certs_from_pemder_data((folder / f"{institution_id}.pem").read_bytes())
    (signature,) = PdfFileReader(io.BytesIO(content)).embedded_signatures
    # The library runs an event loop; a browser test of the same process may have left one in this thread.
    with ThreadPoolExecutor(1) as pool:
        context = ValidationContext(trust_roots=[root])
        status = pool.submit(validate_pdf_signature, signature, context).result()
    reason = str(signature.sig_object.get("/Reason", ""))
    return Verdict(status.intact and status.valid and status.bottom_line, status.trusted, reason)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=not is_authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(by, hashes.SHA256())
    )
