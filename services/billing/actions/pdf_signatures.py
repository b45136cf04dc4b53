"""Signatures in PDF files with the certificate of an institution (PAdES, ETSI EN 319 142, baseline level B-B).

Only servers come here: the library costs a second to import, and the workers have no use for it.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from shared.errors import Refused
from shared.settings import settings

_FIELD = "Signature"


class Signed(NamedTuple):
    """A file with a signature that covers all of it, and the SHA-256 of the certificate behind it."""

    content: bytes
    certificate_sha256: str


def check_key(institution_id: UUID) -> None:
    """Raise Refused SIGNING_KEY_MISSING where an institution has no key."""
    _key_file(institution_id)


def sign(institution_id: UUID, content: bytes, *, reason: str, location: str) -> Signed:
    """Sign a PDF for an institution; any later change of the file shows.

    Key and certificates lie in <signing_keys_dir>/<institution id>.pem: the private key, its certificate, then those
    above it. Raises Refused SIGNING_KEY_MISSING.
    """
    data = _key_file(institution_id).read_bytes()
    certificate, *above = load_certs_from_pemder_data(data)
    key = load_private_key_from_pemder_data(data, passphrase=None)
    store = SimpleCertificateStore.from_certs(above)
    signer = SimpleSigner(signing_cert=certificate, signing_key=key, cert_registry=store)
    metadata = PdfSignatureMetadata(
        field_name=_FIELD,
        reason=reason,
        location=location,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    out = _apart(lambda: PdfSigner(metadata, signer=signer).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(content))))
    return Signed(out.getvalue(), hashlib.sha256(certificate.dump()).hexdigest())


def _apart(work: Callable[[], io.BytesIO]) -> io.BytesIO:
    """Work in a thread of its own: the library runs an event loop, and the caller's thread may have one already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def _key_file(institution_id: UUID) -> Path:
    folder = settings().signing_keys_dir
    path = folder / f"{institution_id}.pem" if folder else None
    if path is None or not path.is_file():
        raise Refused("SIGNING_KEY_MISSING", "the institution has no key to sign contracts with")
    return path
