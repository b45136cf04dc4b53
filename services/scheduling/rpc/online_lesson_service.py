"""OnlineLessonService on the wire."""

from __future__ import annotations

from lianxiao.scheduling.v1 import online_lesson_pb2
from lianxiao.scheduling.v1 import online_lesson_service_pb2 as pb
from lianxiao.scheduling.v1 import online_lesson_service_pb2_grpc as pb_grpc
from services.scheduling.actions import expectations, online_lessons, online_rules
from services.scheduling.models import OnlineRule
from services.scheduling.rules.presence import Presence, Rule
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import id_text, optional_id


class OnlineLessonService(Servicer, pb_grpc.OnlineLessonServiceServicer):
    """Who was in online lessons."""

    @query
    def GetOnlinePresence(self, request: pb.GetOnlinePresenceRequest, tx: Tx) -> pb.GetOnlinePresenceResponse:
        lesson, found = online_lessons.get(tx, as_uuid(request.lesson_id))
        known = expectations.load(tx, lesson)
        answer = pb.GetOnlinePresenceResponse()
        for person_id, presence in found.people.items() if found else ():
            if person_id in lesson.teacher_ids:
                answer.participants.add(teacher_id=str(person_id), presence=presence_to_pb(presence))
            else:
                proposed = known.proposed(person_id)
                answer.participants.add(student_id=str(person_id), presence=presence_to_pb(presence, proposed))
        return answer

    @command
    def SetOnlineRule(self, request: pb.SetOnlineRuleRequest, tx: Tx) -> pb.SetOnlineRuleResponse:
        rule = Rule(request.least_share_percent, request.least_minutes, request.late_after_minutes)
        return pb.SetOnlineRuleResponse(
            online_rule=_rule_to_pb(online_rules.put(tx, optional_id(request.campus_id), rule))
        )

    @query
    def ListOnlineRules(self, request: pb.ListOnlineRulesRequest, tx: Tx) -> pb.ListOnlineRulesResponse:
        page = online_rules.LISTING.page(tx, request)
        rows = [_rule_to_pb(row) for row in page.rows]
        return pb.ListOnlineRulesResponse(online_rules=rows, next_page_token=page.next_page_token)


def presence_to_pb(presence: Presence | None, proposed_code: str = "") -> online_lesson_pb2.OnlinePresence:
    """Return the wire form of a presence; without one of somebody who was not there."""
    if presence is None:
        return online_lesson_pb2.OnlinePresence(proposed_code=proposed_code)
    return online_lesson_pb2.OnlinePresence(
        present_minutes=presence.minutes,
        first_time=presence.first,
        last_time=presence.last,
        late_minutes=presence.late_minutes,
        early_leave_minutes=presence.early_leave_minutes,
        proposed_code=proposed_code,
    )


def _rule_to_pb(row: OnlineRule) -> online_lesson_pb2.OnlineRule:
    return online_lesson_pb2.OnlineRule(
        online_rule_id=str(row.id),
        campus_id=id_text(row.campus_id),
        least_share_percent=row.least_share_percent,
        least_minutes=row.least_minutes,
        late_after_minutes=row.late_after_minutes,
        end_time=row.end_time,
        create_time=row.create_time,
    )
