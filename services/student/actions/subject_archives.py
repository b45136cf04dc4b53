"""The archive of an export behind its link, and its end."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from services.student.actions import guardian_access, subject_requests
from services.student.models import SubjectPart, SubjectRequest
from services.student.rules import subject_archives as rules
from services.student.rules.subject_archives import Part
from shared import public_links
from shared.db import Tx
from shared.errors import InvalidInput, Refused

_KIND = "subject_archive"
_END = """update subject_part p set content_sealed = null from subject_request r
  where p.institution_id = %(institution)s and r.institution_id = p.institution_id and r.id = p.subject_request_id
    and p.content_sealed is not null and r.archive_expire_time <= %(now)s"""


def issue_link(tx: Tx, subject_request_id: UUID) -> tuple[str, datetime]:
    """Return the link of an archive and when it ends.

    Raises CHAIN_SCOPE_NEEDED, Refused SUBJECT_ARCHIVE_NOT_READY, SUBJECT_ARCHIVE_OVER.
    """
    row = subject_requests.get(tx, subject_request_id)
    if row.archive_expire_time is None:
        raise Refused("SUBJECT_ARCHIVE_NOT_READY", "there is no archive, or not yet", state=row.state)
    if row.archive_expire_time <= tx.now:
        raise Refused("SUBJECT_ARCHIVE_OVER", "the archive was deleted when its time was over; ask anew")
    return public_links.path("publicSubjectArchives", tx.institution_id, _KIND, row.id), row.archive_expire_time


def opened(tx: Tx, institution_id: UUID, token: str) -> bytes:
    """Return the archive behind a link. Raises InvalidInput SUBJECT_ARCHIVE_LINK_INVALID, also once it is over."""
    key = guardian_access.enter(tx, institution_id, _KIND, token)
    row = None if key is None else tx.session.get(SubjectRequest, (institution_id, key))
    if row is None or row.archive_expire_time is None or row.archive_expire_time <= tx.now:
        raise InvalidInput("token", "this link is not complete, or its time is over", "SUBJECT_ARCHIVE_LINK_INVALID")
    return rules.archive([_part(tx, each) for each in subject_requests.parts_of(tx, row)])


def expire(tx: Tx) -> None:
    """Delete the contents of archives whose time is over."""
    tx.run(_END, {"institution": str(tx.institution_id), "now": tx.now})


def _part(tx: Tx, row: SubjectPart) -> Part:
    titles = {each["table"]: each["title"] for each in row.tables}
    return Part(row.service, titles, json.loads(SubjectPart.content.reveal(tx, row) or "{}"))
