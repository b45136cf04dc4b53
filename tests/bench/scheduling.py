"""`make bench-scheduling`: a week, the preview of a conflict, a roll call, a chain's month among LESSONS (1,000,000).

Each figure is what a caller waits, beside the same SQL through pgbench under the app role. KEEP=folder keeps the filled
server there and uses it again; N=week, preview, roll_call or hours measures only that.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx

from lianxiao.scheduling.v1 import attendance_service_pb2 as attendance_pb
from lianxiao.scheduling.v1 import hour_statistic_service_pb2 as hours_pb
from lianxiao.scheduling.v1 import lesson_service_pb2 as pb
from services.scheduling.server import SERVICERS
from shared.db import Database
from shared.testing.waiting import until
from shared.testing.wire import serving
from shared.wire_values import date_pb
from tests.bench import pgbench, scheduling_volume
from tests.bench.figures import Figure
from tests.bench.latency import Call, Client, latency, percentile, timed
from tests.bench.scheduling_volume import Filled
from tests.bench.stage import OTHERS, Stage, free_port, kept_folder, listening

LESSONS = int(os.environ.get("LESSONS") or 1_000_000)
_LIST = "/lianxiao.scheduling.v1.LessonService/ListLessons"
_PREVIEW = "/lianxiao.scheduling.v1.LessonService/PreviewConflicts"
_SHEET = "/lianxiao.scheduling.v1.AttendanceService/GetRollCall"
_CONFIRM = "/lianxiao.scheduling.v1.AttendanceService/ConfirmRollCall"
_HOURS = "/lianxiao.scheduling.v1.HourStatisticService/GetHourStatistics"
_ANSWERS = {
    _LIST: pb.ListLessonsResponse,
    _PREVIEW: pb.PreviewConflictsResponse,
    _SHEET: attendance_pb.GetRollCallResponse,
    _CONFIRM: attendance_pb.ConfirmRollCallResponse,
    _HOURS: hours_pb.GetHourStatisticsResponse,
}
_WEEKS, _PREVIEWS, _SHEETS, _RECORDED = 100, 400, 120, 20
_PAGE = 200


def main() -> int:
    """Fill, measure, print; the exit code says whether every bar was met."""
    met = True
    with kept_folder() as folder, Stage(folder) as stage:
        begin = time.monotonic()
        database, filled = _filled(stage)
        sys.stderr.write(f"lessons are there after {time.monotonic() - begin:.0f} s\n")
        with stage.server("scheduling") as port, Client(stage, f"127.0.0.1:{port}", _ANSWERS) as call:
            for name, measure in _PARTS.items():
                if os.environ.get("N") in (None, "", name):
                    figure = measure(stage, database, filled, call, port)
                    sys.stdout.write(f"{figure.line()}\n")
                    sys.stdout.flush()
                    met = met and figure.ok
    return 0 if met else 1


def _filled(stage: Stage) -> tuple[Database, Filled]:
    """Return the full database: that of the folder where one was kept, else a new one."""
    note, database = stage.folder / "scheduling.json", stage.database("scheduling")
    if note.exists():
        told = json.loads(note.read_text())
        stage.institution = UUID(told["institution"])
        groups = [UUID(text) for text in told["groups"]]
        return database, Filled(UUID(told["campus"]), groups, datetime.fromisoformat(told["first"]))
    filled = scheduling_volume.fill(stage, database, stage.system(), LESSONS)
    told = {"institution": stage.institution, "campus": filled.campus_id, "groups": filled.class_group_ids}
    note.write_text(json.dumps(told | {"first": filled.first.isoformat()}, default=str))
    return database, filled


def _week(stage: Stage, database: Database, filled: Filled, call: Call, port: int) -> Figure:
    """Return what the pages of one campus's week take as JSON through the gateway."""
    weeks = [_week_request(filled, number) for number in range(20)]
    size = sum(len(page) for page in _rows(call, weeks[0]))
    sys.stderr.write(f"a week has {size} lessons\n")
    http_port = free_port()
    environment = {
        "LIANXIAO_HTTP_PORT": str(http_port),
        "LIANXIAO_GRPC_ADDRESSES": f"*=127.0.0.1:{port}",
        "LIANXIAO_REQUESTS_PER_MINUTE": str(10**9),
    }
    with stage.process("gateway", core=OTHERS, environment=environment):
        until(partial(listening, http_port), seconds=60, what="the gateway listens")
        headers = {"authorization": f"Bearer {stage.token()}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{http_port}", headers=headers) as http:
            until(partial(_ready, http), seconds=60, what="the gateway is ready")
            times = [_timed_week(http, weeks[number % len(weeks)]) for number in range(_WEEKS + 20)][20:]
    scripts = _recorded(stage, database, _LIST, weeks)
    limit = latency(stage, database, scripts, rate=0, seconds=5)
    return Figure("week_of_campus", percentile(times), "ms p99 by REST", limit, need=60, absolute=True, at_most=True)


def _week_request(filled: Filled, number: int) -> pb.ListLessonsRequest:
    start = filled.first + timedelta(weeks=number)
    return pb.ListLessonsRequest(
        page_size=_PAGE, campus_id=str(filled.campus_id), start_time=start, end_time=start + timedelta(weeks=1)
    )


def _rows(call: Call, request: pb.ListLessonsRequest) -> Iterator[Any]:
    token = ""
    while True:
        asked = pb.ListLessonsRequest()
        asked.CopyFrom(request)
        asked.page_token = token
        answer = call(_LIST, asked)
        yield answer.lessons
        token = answer.next_page_token
        if not token:
            return


def _ready(http: httpx.Client) -> bool:
    try:
        return http.get("/readyz").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _timed_week(http: httpx.Client, request: pb.ListLessonsRequest) -> float:
    """Return the milliseconds until the pages of a week have come; reading them is the client's own time."""
    query = {
        "campusId": request.campus_id,
        "startTime": request.start_time.ToJsonString(),
        "endTime": request.end_time.ToJsonString(),
        "pageSize": str(_PAGE),
        "pageToken": "",
    }
    took = 0.0
    while True:
        begin = time.perf_counter()
        answer = http.get("/v1/lessons", params=query).raise_for_status()
        took += (time.perf_counter() - begin) * 1000
        query["pageToken"] = answer.json().get("nextPageToken", "")
        if not query["pageToken"]:
            return took


def _preview(stage: Stage, database: Database, filled: Filled, call: Call, _port: int) -> Figure:
    chance = random.Random(5)
    requests = []
    for _ in range(_PREVIEWS):
        start = filled.first + timedelta(days=chance.randrange(400), minutes=15 * chance.randrange(96))
        plan = pb.LessonPlan(
            campus_id=str(filled.campus_id), class_group_ids=[str(chance.choice(filled.class_group_ids))]
        )
        requests.append(pb.PreviewConflictsRequest(plan=plan, start_time=start))
    for request in requests[:50]:
        call(_PREVIEW, request)
    times = [timed(call, _PREVIEW, request) for request in requests]
    limit = latency(stage, database, _recorded(stage, database, _PREVIEW, requests), rate=0, seconds=5)
    return Figure("conflict_preview", percentile(times), "ms p99", limit, need=50, absolute=True, at_most=True)


def _roll_call(stage: Stage, database: Database, filled: Filled, call: Call, _port: int) -> Figure:
    """Return what confirming sheets of thirty takes, each for the first time."""
    sheets = [_sheet(call, lesson_id) for lesson_id in _past(call, filled)]
    used, left = sheets[:_SHEETS], sheets[_SHEETS:]
    times = [timed(call, _CONFIRM, sheet) for sheet in used][20:]
    with serving("scheduling", SERVICERS, database) as wire:
        work: Any = wire.channel.unary_unary(_CONFIRM, request_serializer=lambda message: message.SerializeToString())
        signed = (("authorization", f"Bearer {stage.token()}"),)
        work(left[0], metadata=signed)
        recordings = [pgbench.record(database, partial(work, sheet, metadata=signed)) for sheet in left[1:3]]
    _open_again(stage, database, [sheet.lesson_id for sheet in left[1:3]])
    limit = latency(stage, database, [_undone(each) for each in recordings], rate=0, seconds=5)
    return Figure("roll_call", percentile(times), "ms p99 for 30", limit, need=150, absolute=True, at_most=True)


def _open_again(stage: Stage, database: Database, lesson_ids: Sequence[str]) -> None:
    """Forget the roll calls of some lessons."""
    listed = "{" + ",".join(lesson_ids) + "}"
    confirmed = f"from attendance a where a.lesson_id = any('{listed}')"
    stage.administer(
        database,
        f"delete from attendance_change where attendance_id in (select a.id {confirmed})",  # noqa: S608 - ids of ours
        f"delete {confirmed}",
        f"update lesson set roll_call_state = 'open' where id = any('{listed}')",  # noqa: S608 - ids of ours
    )


def _undone(recording: pgbench.Recording) -> str:
    """Return a script that can be said again and again: what is confirmed once cannot be confirmed anew."""
    kept = recording.without("access_revocation", "; select 1")
    texts = [text.removesuffix("; COMMIT") for text in kept.texts]
    return pgbench.script(pgbench.Recording([*texts, "ROLLBACK"], kept.since))


def _past(call: Call, filled: Filled) -> list[str]:
    """Return the ids of lessons that are over and whose roll call is open."""
    ids: list[str] = []
    week = 0
    while len(ids) < _SHEETS + 4:
        for page in _rows(call, _week_request(filled, week)):
            ids += [lesson.lesson_id for lesson in page if lesson.roll_call_state == 1]
        week += 1
    return ids[: _SHEETS + 4]


def _sheet(call: Call, lesson_id: str) -> attendance_pb.ConfirmRollCallRequest:
    rows = call(_SHEET, attendance_pb.GetRollCallRequest(lesson_id=lesson_id)).roll_call.rows
    assert len(rows) == scheduling_volume.MEMBERS, "everybody of the class group is on the sheet"
    codes = ("present", "present", "present", "late", "absent_unexcused")
    entries = [
        attendance_pb.RollCallEntry(student_id=row.student_id, code=codes[number % len(codes)])
        for number, row in enumerate(rows)
    ]
    return attendance_pb.ConfirmRollCallRequest(lesson_id=lesson_id, entries=entries)


def _recorded(stage: Stage, database: Database, method: str, requests: list[Any]) -> list[str]:
    with serving("scheduling", SERVICERS, database) as wire:
        work: Any = wire.channel.unary_unary(method, request_serializer=lambda message: message.SerializeToString())
        signed = (("authorization", f"Bearer {stage.token()}"),)
        work(requests[0], metadata=signed)
        recordings = [
            pgbench.record(database, partial(work, request, metadata=signed)) for request in requests[:_RECORDED]
        ]
    return [
        "\n".join(f"{text};" for text in each.without("access_revocation", "; select 1").texts) for each in recordings
    ]


def _hours(stage: Stage, database: Database, _filled: Filled, call: Call, _port: int) -> Figure:
    """Return the longest that the hours of a chain's last month take, by whatever they are added up."""
    last = datetime.now(UTC).date()
    days = {
        "start_date": date_pb(last - timedelta(days=scheduling_volume.MONTH_DAYS - 1)),
        "end_date": date_pb(last),
    }
    requests = [
        hours_pb.GetHourStatisticsRequest(**days, dimension=f"HOUR_DIMENSION_{each}")
        for each in ("UNSPECIFIED", "CAMPUS", "TEACHER", "CLASS_GROUP", "COURSE")
    ]
    sys.stderr.write(f"a month has {call(_HOURS, requests[0]).total.lesson_count} lessons\n")
    slowest = max(timed(call, _HOURS, request) for request in requests for _ in range(3))
    limit = latency(stage, database, _recorded(stage, database, _HOURS, requests), rate=0, seconds=15)
    return Figure("hours_of_month", slowest, "ms at most", limit, need=3000, absolute=True, at_most=True)


_PARTS = {"week": _week, "preview": _preview, "roll_call": _roll_call, "hours": _hours}

if __name__ == "__main__":
    sys.exit(main())
