"""SHA-256 with RSA (PKCS #1 v1.5) in base64, as payment providers sign. Pure functions."""

from __future__ import annotations

import base64
import binascii

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"


def sign(key: RSAPrivateKey, message: bytes) -> str:
    """Return the base64 signature of a message."""
    return base64.b64encode(key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def is_signed(key: RSAPublicKey, message: bytes, signature: str) -> bool:
    """Say whether a base64 signature belongs to a message."""
    try:
        key.verify(base64.b64decode(signature, validate=True), message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def private_key(pem: str) -> RSAPrivateKey:
    """Read a PEM private key; raises ValueError for anything else than RSA."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("not an RSA private key")  # noqa: TRY004 - the file is wrong, not the program
    return key


def public_key(pem: str) -> RSAPublicKey:
    """Read a PEM public key, or that of a PEM certificate; raises ValueError for anything else than RSA."""
    data = pem.encode()
    is_certificate = data.lstrip().startswith(_CERTIFICATE)
    key = (
        x509.load_pem_x509_certificate(data).public_key() if is_certificate else serialization.load_pem_public_key(data)
    )
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA public key")  # noqa: TRY004 - as above
    return key
