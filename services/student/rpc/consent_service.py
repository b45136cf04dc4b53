"""ConsentService on the wire."""

from __future__ import annotations

from lianxiao.student.v1 import consent_pb2
from lianxiao.student.v1 import consent_service_pb2 as pb
from lianxiao.student.v1 import consent_service_pb2_grpc as pb_grpc
from services.student.actions import consents
from services.student.actions.consents import Said, State
from services.student.models import ConsentEntry
from services.student.rules.consents import ANY_CHANNEL
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, optional_id, stored_word


class ConsentService(Servicer, pb_grpc.ConsentServiceServicer):
    """The register of consents."""

    @command
    def GiveConsent(self, request: pb.GiveConsentRequest, tx: Tx) -> pb.GiveConsentResponse:
        person_id, said = as_uuid(request.person_id), _said(request)
        entry = consents.give(tx, person_id, request.purpose, version=request.version, said=said)
        return pb.GiveConsentResponse(consent_entry=_entry_to_pb(entry))

    @command
    def WithdrawConsent(self, request: pb.WithdrawConsentRequest, tx: Tx) -> pb.WithdrawConsentResponse:
        entries = consents.withdraw(tx, as_uuid(request.person_id), request.purpose, _said(request))
        return pb.WithdrawConsentResponse(consent_entries=[_entry_to_pb(entry) for entry in entries])

    @query
    def ListConsents(self, request: pb.ListConsentsRequest, tx: Tx) -> pb.ListConsentsResponse:
        found = consents.current(tx, as_uuid(request.person_id))
        return pb.ListConsentsResponse(consents=[_state_to_pb(state) for state in found])

    @query
    def ListConsentEntries(self, request: pb.ListConsentEntriesRequest, tx: Tx) -> pb.ListConsentEntriesResponse:
        page = consents.history(tx, as_uuid(request.person_id), request)
        rows = [_entry_to_pb(row) for row in page.rows]
        return pb.ListConsentEntriesResponse(consent_entries=rows, next_page_token=page.next_page_token)


def _said(request: pb.GiveConsentRequest | pb.WithdrawConsentRequest) -> Said:
    return Said(
        means=stored_word(consent_pb2.ConsentMeans, request.means, "means"),
        channel=stored_word(consent_pb2.ConsentChannel, request.channel, "channel") if request.channel else ANY_CHANNEL,
        evidence_sha256=request.evidence_sha256,
        guardian_id=optional_id(request.guardian_id),
    )


def _channel(stored: str) -> consent_pb2.ConsentChannel | None:
    return enum_value(consent_pb2.ConsentChannel, stored) if stored else None


def _state_to_pb(state: State) -> consent_pb2.Consent:
    row, stands = state
    return consent_pb2.Consent(
        person_id=str(row.person_id),
        purpose=row.purpose,
        channel=_channel(row.channel),
        stands=stands,
        granted=row.granted,
        version=row.version,
        guardian_id=id_text(row.guardian_id),
        decide_time=row.decide_time,
    )


def _entry_to_pb(row: ConsentEntry) -> consent_pb2.ConsentEntry:
    return consent_pb2.ConsentEntry(
        consent_entry_id=str(row.id),
        person_id=str(row.person_id),
        purpose=row.purpose,
        channel=_channel(row.channel),
        granted=row.granted,
        version=row.version,
        means=enum_value(consent_pb2.ConsentMeans, row.means),
        guardian_id=id_text(row.guardian_id),
        evidence_sha256=row.evidence_sha256,
        entry_sha256=row.entry_sha256,
        decide_time=row.decide_time,
        staff_id=str(row.staff_id),
    )
