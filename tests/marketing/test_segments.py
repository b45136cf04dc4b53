"""Segments: whom marketing speaks to, with the real lead service beside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import grpc
import pytest

from lianxiao.marketing.v1 import segment_service_pb2 as pb
from lianxiao.marketing.v1.segment_pb2 import Segment
from lianxiao.marketing.v1.segment_service_pb2_grpc import SegmentServiceStub
from services.lead.actions import saved_filters
from services.lead.server import SERVICERS as LEAD
from services.marketing.actions import campuses
from services.marketing.server import SERVICERS
from shared.caller import Caller
from shared.db import Database
from shared.testing.callers import staff
from shared.testing.wire import Wire, beside, refusal, serving
from tests.lead import factories as make_lead
from tests.marketing import factories


@dataclass(frozen=True)
class House:
    """Both services, and an institution with two leads at one campus and one at another."""

    wire: Wire
    marketing: Database
    lead: Database

    @property
    def stub(self) -> SegmentServiceStub:
        return SegmentServiceStub(self.wire.channel)

    def people(self, institution: UUID) -> tuple[UUID, UUID]:
        with self.lead.begin(Caller.system(institution)) as tx:
            here, there = make_lead.campus(tx), make_lead.campus(tx)
            for number, (campus, source) in enumerate([(here, "douyin"), (here, "walk_in"), (there, "douyin")]):
                make_lead.lead(tx, campus, source=source, **make_lead.stranger(number))
        with self.marketing.begin(Caller.system(institution)) as tx:
            for campus in (here, there):
                campuses.project(tx, factories.changed(campus))
        return here, there

    def refused(self, request: pb.CreateSegmentRequest, caller: Caller) -> tuple[str, str]:
        with pytest.raises(grpc.RpcError) as error:
            self.stub.CreateSegment(request, metadata=Wire.metadata(caller))
        return refusal(error.value)


@pytest.fixture(scope="module")
def house(database: Database, postgres: str, run_folder: Path) -> Iterator[House]:
    """Serve marketing and lead, and tell marketing where lead answers."""
    with beside("lead", LEAD, postgres, run_folder) as lead, serving("marketing", SERVICERS, database) as wire:
        yield House(wire, database, lead)


def test_a_saved_filter_becomes_a_segment_that_counts_whom_the_caller_may_see(house: House, institution: UUID) -> None:
    here, there = house.people(institution)
    admin = staff(institution)
    told = {"name": "抖音", "filter": 'source = "douyin"', "order_by": "", "sharing": "institution", "campus_id": None}
    with house.lead.begin(admin) as tx:
        saved = saved_filters.create(tx, told)
    request = pb.CreateSegmentRequest(segment=Segment(name="抖音来的家庭"), saved_filter_id=str(saved.id))
    made = house.stub.CreateSegment(request, metadata=Wire.metadata(admin)).segment
    assert made.filter == 'source = "douyin"'

    def count(caller: Caller) -> int:
        asked = pb.GetSegmentCountRequest(segment_id=made.segment_id)
        return house.stub.GetSegmentCount(asked, metadata=Wire.metadata(caller)).lead_count

    at_one = staff(institution, ["segment.*", "lead.read"], [there])
    assert (count(admin), count(at_one)) == (2, 1)
    local = pb.CreateSegmentRequest(segment=Segment(name="本校区", campus_id=str(here)))
    made = house.stub.CreateSegment(local, metadata=Wire.metadata(admin)).segment
    assert count(admin) == 2
    changed = Segment(segment_id=made.segment_id, filter='source = "walk_in"')
    update = pb.UpdateSegmentRequest(segment=changed, update_mask={"paths": ["filter"]})
    assert house.stub.UpdateSegment(update, metadata=Wire.metadata(admin)).segment.name == "本校区"
    assert count(admin) == 1
    listed = house.stub.ListSegments(pb.ListSegmentsRequest(), metadata=Wire.metadata(at_one)).segments
    assert [each.name for each in listed] == ["抖音来的家庭"]


def test_a_segment_needs_a_name_of_its_own_a_filter_that_lead_reads_and_the_reach_for_it(
    house: House, institution: UUID
) -> None:
    here, _ = house.people(institution)
    admin, local = staff(institution), staff(institution, ["segment.*", "lead.read"], [here])
    request = pb.CreateSegmentRequest(segment=Segment(name="全部"))
    made = house.stub.CreateSegment(request, metadata=Wire.metadata(admin)).segment
    assert house.refused(request, admin) == ("ALREADY_EXISTS", "SEGMENT_NAME_TAKEN")
    blank = pb.CreateSegmentRequest(segment=Segment(name="　"))
    assert house.refused(blank, admin) == ("INVALID_ARGUMENT", "NAME_MISSING")
    wrong = pb.CreateSegmentRequest(segment=Segment(name="错", filter="shoe_size = 40"))
    assert house.refused(wrong, admin) == ("INVALID_ARGUMENT", "FILTER_INVALID")
    chain = pb.CreateSegmentRequest(segment=Segment(name="别的"))
    assert house.refused(chain, local)[1] == "CHAIN_SCOPE_NEEDED"
    blind = staff(institution, ["segment.*"], [])
    assert house.refused(chain, blind)[0] == "PERMISSION_DENIED"
    house.stub.RemoveSegment(pb.RemoveSegmentRequest(segment_id=made.segment_id), metadata=Wire.metadata(admin))
    with pytest.raises(grpc.RpcError) as error:
        house.stub.GetSegment(pb.GetSegmentRequest(segment_id=made.segment_id), metadata=Wire.metadata(admin))
    assert refusal(error.value) == ("NOT_FOUND", "SEGMENT_NOT_FOUND")
    assert house.stub.CreateSegment(request, metadata=Wire.metadata(admin)).segment.name == "全部"
