"""Messages, templates and the feed over real gRPC."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import grpc
import pytest

from lianxiao.notification.v1 import feed_service_pb2 as feed_pb
from lianxiao.notification.v1 import message_service_pb2 as pb
from lianxiao.notification.v1 import template_service_pb2 as template_pb
from lianxiao.notification.v1.feed_service_pb2_grpc import FeedServiceStub
from lianxiao.notification.v1.message_service_pb2_grpc import MessageServiceStub
from lianxiao.notification.v1.template_service_pb2_grpc import TemplateServiceStub
from services.notification.consumers import CONSUMERS
from services.notification.server import SERVICERS
from shared.db import Database
from shared.ids import as_uuid, uuid7
from shared.testing.bus import deliver
from shared.testing.callers import staff
from shared.testing.waiting import until
from shared.testing.wire import Metadata, Wire, refusal, serving
from tests.notification import factories


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve notification for this module."""
    with serving("notification", SERVICERS, database) as running:
        yield running


def test_messages_are_listed_and_masked(wire: Wire, database: Database, institution: UUID) -> None:
    student = str(uuid7())
    deliver(database, CONSUMERS, factories.contact(student), institution)
    deliver(database, CONSUMERS, factories.consumed(student), institution)
    stub = MessageServiceStub(wire.channel)
    request = pb.ListMessagesRequest(filter=f'state = "MESSAGE_STATE_QUEUED" AND student_id = "{student}"')
    (message,) = stub.ListMessages(request, metadata=Wire.metadata(staff(institution))).messages
    assert message.address == "zhang@example.com"
    masked = Wire.metadata(staff(institution, ["message.read"]))
    got = stub.GetMessage(pb.GetMessageRequest(message_id=message.message_id), metadata=masked).message
    assert "zhang" not in got.address
    assert "28.5" not in got.body


def test_an_own_text_takes_the_place_of_the_shipped_one(wire: Wire, institution: UUID) -> None:
    stub = TemplateServiceStub(wire.channel)
    signed = Wire.metadata(staff(institution))
    request = template_pb.SetTemplateRequest(template_code="hours_low", language="zh", subject="续费", body="{student}")
    assert stub.SetTemplate(request, metadata=signed).template.subject == "续费"
    texts = stub.ListTemplates(template_pb.ListTemplatesRequest(), metadata=signed).templates
    assert [text.subject for text in texts if (text.code, text.language) == ("hours_low", "zh")] == ["续费"]
    request.body = "{price}"
    with pytest.raises(grpc.RpcError) as error:
        stub.SetTemplate(request, metadata=signed)
    assert refusal(error.value) == ("INVALID_ARGUMENT", "TEMPLATE_VARIABLE_UNKNOWN")


def test_the_feed_tells_what_changed_within_the_callers_campuses(
    wire: Wire, database: Database, institution: UUID
) -> None:
    stub = FeedServiceStub(wire.channel)
    event = factories.consumed(str(uuid7()))
    deliver(database, CONSUMERS, event, institution)
    here = Wire.metadata(staff(institution, ["feed.read"], [as_uuid(event.campus_id)]))
    elsewhere = Wire.metadata(staff(institution, ["feed.read"], [uuid7()]))

    def changes(signed: Metadata) -> list[str]:
        reply = stub.ListChanges(feed_pb.ListChangesRequest(after_sequence=1), metadata=signed)
        return [change.kind for change in reply.changes]

    until(lambda: "billing.hours_consumed.v1" in changes(here), what="the change is visible")
    assert changes(elsewhere) == []
    assert stub.ListChanges(feed_pb.ListChangesRequest(), metadata=here).next_sequence > 0
