"""Which files count as the scan of a paper: told by their first and last bytes, never by their name."""

from __future__ import annotations

from shared.errors import InvalidInput

_BEGINNINGS = {
    b"%PDF-": "application/pdf",
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
}
# What a whole file ends with, give or take some bytes that programs add.
_ENDS = {"application/pdf": b"%%EOF", "image/jpeg": b"\xff\xd9", "image/png": b"IEND\xaeB`\x82"}
_TAIL = 1024


def media_type(content: bytes) -> str:
    """Return the media type of a whole PDF, JPEG or PNG. Raises InvalidInput SCAN_KIND_UNKNOWN for anything else."""
    for beginning, kind in _BEGINNINGS.items():
        if content.startswith(beginning) and _ENDS[kind] in content[-_TAIL:]:
            return kind
    raise InvalidInput("scan", "the scan is a whole PDF, JPEG or PNG", reason="SCAN_KIND_UNKNOWN")
