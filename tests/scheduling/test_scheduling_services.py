"""The services of scheduling over real gRPC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import grpc
import pytest
from google.type import date_pb2, timeofday_pb2

from lianxiao.scheduling.v1 import attendance_service_pb2 as attendance_pb
from lianxiao.scheduling.v1 import class_group_pb2, course_pb2, lesson_pb2, teacher_pb2
from lianxiao.scheduling.v1 import class_group_service_pb2 as group_pb
from lianxiao.scheduling.v1 import course_service_pb2 as course_pb
from lianxiao.scheduling.v1 import lesson_service_pb2 as lesson_pb
from lianxiao.scheduling.v1 import room_service_pb2 as room_pb
from lianxiao.scheduling.v1 import teacher_service_pb2 as teacher_pb
from lianxiao.scheduling.v1 import timetable_run_service_pb2 as timetable_pb
from lianxiao.scheduling.v1.attendance_service_pb2_grpc import AttendanceServiceStub
from lianxiao.scheduling.v1.class_group_service_pb2_grpc import ClassGroupServiceStub
from lianxiao.scheduling.v1.course_service_pb2_grpc import CourseServiceStub
from lianxiao.scheduling.v1.lesson_service_pb2_grpc import LessonServiceStub
from lianxiao.scheduling.v1.room_service_pb2_grpc import RoomServiceStub
from lianxiao.scheduling.v1.teacher_service_pb2_grpc import TeacherServiceStub
from lianxiao.scheduling.v1.timetable_run_service_pb2_grpc import TimetableRunServiceStub
from services.scheduling.actions import campuses
from services.scheduling.server import SERVICERS
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving
from tests.scheduling import factories as make
from tests.scheduling.factories import START
from tests.timetabling.fet_text import constraint, school

Signed = tuple[tuple[str, str | bytes], ...]


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve scheduling for this module."""
    with serving("scheduling", SERVICERS, database) as running:
        yield running


@pytest.fixture
def signed(institution: UUID) -> Signed:
    """Return metadata of somebody who may do everything."""
    return Wire.metadata(staff(institution))


@pytest.fixture
def campus_id(database: Database, institution: UUID) -> str:
    """Return a campus in Shanghai."""
    with database.begin(Caller.system(institution)) as tx:
        return str(make.campus(tx).id)


@pytest.fixture
def people(database: Database, institution: UUID, campus_id: str) -> tuple[str, list[str]]:
    """Return a teacher and two students."""
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx, campus_id=UUID(campus_id))
        return str(make.teacher(tx, campus).id), [str(make.student(tx, campus)) for _ in range(2)]


def course(wire: Wire, signed: Signed, name: str = "小学数学") -> course_pb2.Course:
    request = course_pb.CreateCourseRequest(
        name=name,
        kind=course_pb2.COURSE_KIND_CLASS,
        subject="math",
        level="P3",
        lesson_minutes=90,
        lesson_hours_hundredths=150,
        total_lesson_hours_hundredths=3000,
    )
    return CourseServiceStub(wire.channel).CreateCourse(request, metadata=signed).course


def refused(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as error:
        call()
    return refusal(error.value)


def test_courses_are_made_found_and_changed(wire: Wire, signed: Signed) -> None:
    stub = CourseServiceStub(wire.channel)
    made = course(wire, signed)
    course(wire, signed, "初中数学")
    assert stub.GetCourse(course_pb.GetCourseRequest(course_id=made.course_id), metadata=signed).course == made
    listed = stub.ListCourses(course_pb.ListCoursesRequest(filter='name = "小学数学"'), metadata=signed).courses
    assert [each.course_id for each in listed] == [made.course_id]
    by_kind = course_pb.ListCoursesRequest(filter="kind = COURSE_KIND_CLASS", page_size=1)
    page = stub.ListCourses(by_kind, metadata=signed)
    assert len(page.courses) == 1
    assert page.next_page_token
    made.lesson_minutes, made.name = 60, "不改"
    update = course_pb.UpdateCourseRequest(course=made, update_mask={"paths": ["lesson_minutes"]})
    changed = stub.UpdateCourse(update, metadata=signed).course
    assert (changed.lesson_minutes, changed.name) == (60, "小学数学")
    assert refused(lambda: course(wire, signed)) == ("ALREADY_EXISTS", "COURSE_NAME_TAKEN")
    update.course.lesson_minutes = 0
    assert refused(lambda: stub.UpdateCourse(update, metadata=signed)) == ("INVALID_ARGUMENT", "INVALID_FIELD")


def test_rooms_are_made_and_found(wire: Wire, signed: Signed, campus_id: str) -> None:
    stub = RoomServiceStub(wire.channel)
    request = room_pb.CreateRoomRequest(campus_id=campus_id, name="101", capacity=12, equipment=["钢琴"])
    made = stub.CreateRoom(request, metadata=signed).room
    assert stub.GetRoom(room_pb.GetRoomRequest(room_id=made.room_id), metadata=signed).room == made
    listed = stub.ListRooms(room_pb.ListRoomsRequest(filter=f"campus_id = {campus_id}"), metadata=signed).rooms
    assert [(each.name, list(each.equipment)) for each in listed] == [("101", ["钢琴"])]
    assert refused(lambda: stub.CreateRoom(request, metadata=signed)) == ("ALREADY_EXISTS", "ROOM_NAME_TAKEN")


def test_a_teachers_skills_and_week_are_kept(
    wire: Wire, signed: Signed, campus_id: str, people: tuple[str, list[str]]
) -> None:
    stub, (teacher_id, _) = TeacherServiceStub(wire.channel), people
    skills = [teacher_pb2.TeacherSkill(subject="math")]
    stub.SetTeacherSkills(teacher_pb.SetTeacherSkillsRequest(teacher_id=teacher_id, skills=skills), metadata=signed)
    evening = teacher_pb2.WeeklyRange(
        day_of_week=1, start=timeofday_pb2.TimeOfDay(hours=18), end=timeofday_pb2.TimeOfDay(hours=24)
    )
    week = teacher_pb.SetAvailabilityRequest(teacher_id=teacher_id, campus_id=campus_id, ranges=[evening])
    for _ in range(2):
        changed = stub.SetAvailability(week, metadata=signed).teacher
    assert [each.range for each in changed.availabilities] == [evening]
    assert list(changed.skills) == skills
    here = stub.ListTeachers(teacher_pb.ListTeachersRequest(campus_id=campus_id), metadata=signed).teachers
    assert [each.teacher_id for each in here] == [teacher_id]
    elsewhere = teacher_pb.ListTeachersRequest(campus_id=str(uuid7()))
    assert len(stub.ListTeachers(elsewhere, metadata=signed).teachers) == 0
    week.ranges[0].end.hours = 17
    assert refused(lambda: stub.SetAvailability(week, metadata=signed)) == ("INVALID_ARGUMENT", "INVALID_FIELD")


def test_a_class_group_from_its_first_day_to_its_roll_call(
    wire: Wire, signed: Signed, campus_id: str, people: tuple[str, list[str]]
) -> None:
    groups, timetable = ClassGroupServiceStub(wire.channel), LessonServiceStub(wire.channel)
    teacher_id, (first, second) = people
    made = groups.CreateClassGroup(
        group_pb.CreateClassGroupRequest(
            campus_id=campus_id,
            course_id=course(wire, signed).course_id,
            name="周一班",
            capacity=1,
            teacher_id=teacher_id,
        ),
        metadata=signed,
    ).class_group
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    join = group_pb.JoinClassGroupRequest(
        class_group_id=made.class_group_id, student_id=first, join_time=start - timedelta(days=1)
    )
    joined = groups.JoinClassGroup(join, metadata=signed)
    assert (joined.class_group.member_count, joined.membership.display_name) == (1, "王小明")
    join.student_id = second
    full = refused(lambda: groups.JoinClassGroup(join, metadata=signed))
    assert full == ("FAILED_PRECONDITION", "CLASS_GROUP_FULL")
    plan = lesson_pb.LessonPlan(campus_id=campus_id, class_group_ids=[made.class_group_id])
    lesson = timetable.CreateLesson(lesson_pb.CreateLessonRequest(plan=plan, start_time=start), metadata=signed).lesson
    assert (lesson.seats_taken, lesson.seat_limit, list(lesson.teacher_ids)) == (1, 1, [teacher_id])
    _take_roll_call(wire, signed, lesson, first)
    by_student = lesson_pb.ListLessonsRequest(student_id=first, start_time=start, end_time=start + timedelta(hours=1))
    listed = timetable.ListLessons(by_student, metadata=signed).lessons
    assert [each.roll_call_state for each in listed] == [lesson_pb2.ROLL_CALL_STATE_CONFIRMED]
    members = group_pb.ListMembersRequest(class_group_id=made.class_group_id)
    assert [each.student_id for each in groups.ListMembers(members, metadata=signed).members] == [first]
    left = groups.LeaveClassGroup(
        group_pb.LeaveClassGroupRequest(class_group_id=made.class_group_id, student_id=first, reason="毕业"),
        metadata=signed,
    )
    assert left.class_group.member_count == 0
    assert len(groups.ListMembers(members, metadata=signed).members) == 0
    members.include_past = True
    assert [each.leave_reason for each in groups.ListMembers(members, metadata=signed).members] == ["毕业"]


def _take_roll_call(wire: Wire, signed: Signed, lesson: lesson_pb2.Lesson, student_id: str) -> None:
    stub = AttendanceServiceStub(wire.channel)
    codes = stub.ListAttendanceCodes(attendance_pb.ListAttendanceCodesRequest(), metadata=signed).codes
    assert {code.code: code.charge_factor_hundredths for code in codes}["present"] == 100
    open_ones = attendance_pb.ListOpenRollCallsRequest()
    waiting = stub.ListOpenRollCalls(open_ones, metadata=signed).roll_calls
    assert [each.lesson_id for each in waiting] == [lesson.lesson_id]
    sheet = stub.GetRollCall(attendance_pb.GetRollCallRequest(lesson_id=lesson.lesson_id), metadata=signed).roll_call
    assert [row.student_id for row in sheet.rows] == [student_id]
    entry = attendance_pb.RollCallEntry(student_id=student_id, code="late", late_minutes=5)
    request = attendance_pb.ConfirmRollCallRequest(lesson_id=lesson.lesson_id, entries=[entry], request_id=str(uuid7()))
    done = stub.ConfirmRollCall(request, metadata=signed).roll_call
    assert stub.ConfirmRollCall(request, metadata=signed).roll_call == done
    attendance = done.rows[0].attendance
    assert (attendance.charge_hundredths, attendance.late_minutes, attendance.revision) == (150, 5, 1)
    assert len(stub.ListOpenRollCalls(open_ones, metadata=signed).roll_calls) == 0
    correction = attendance_pb.CorrectAttendanceRequest(
        attendance_id=attendance.attendance_id, code="present", reason="看错"
    )
    assert stub.CorrectAttendance(correction, metadata=signed).attendance.revision == 2
    back = attendance_pb.UnconfirmAttendanceRequest(attendance_id=attendance.attendance_id, reason="点错")
    assert stub.UnconfirmAttendance(back, metadata=signed).attendance.revision == 2
    request.request_id = ""
    stub.ConfirmRollCall(request, metadata=signed)
    mine = attendance_pb.ListAttendancesRequest(
        filter=f"student_id = {student_id} AND state = ATTENDANCE_STATE_CONFIRMED"
    )
    assert [each.revision for each in stub.ListAttendances(mine, metadata=signed).attendances] == [3]


def test_a_series_is_planned_previewed_moved_and_cancelled(
    wire: Wire, signed: Signed, campus_id: str, people: tuple[str, list[str]]
) -> None:
    stub, (teacher_id, children) = LessonServiceStub(wire.channel), people
    plan = lesson_pb.LessonPlan(
        campus_id=campus_id,
        course_id=course(wire, signed).course_id,
        teacher_ids=[teacher_id],
        student_ids=children[:1],
    )
    series = lesson_pb.CreateSeriesRequest(
        plan=plan,
        slots=[lesson_pb.WeeklySlot(day_of_week=1, start=timeofday_pb2.TimeOfDay(hours=18))],
        start_date=date_pb2.Date(year=2030, month=3, day=4),
        end_date=date_pb2.Date(year=2030, month=3, day=18),
        holiday_dates=[date_pb2.Date(year=2030, month=3, day=11)],
    )
    made = stub.CreateSeries(series, metadata=signed)
    assert [each.start_time.ToDatetime(UTC) for each in made.lessons] == [START, START + timedelta(days=14)]
    assert {each.series_id for each in made.lessons} == {made.series_id}
    assert list(made.lessons[0].student_ids) == children[:1]
    assert refused(lambda: stub.CreateSeries(series, metadata=signed)) == ("FAILED_PRECONDITION", "LESSON_CONFLICT")
    preview = lesson_pb.PreviewConflictsRequest(plan=plan, start_time=START + timedelta(hours=1))
    found = stub.PreviewConflicts(preview, metadata=signed)
    assert {each.resource_kind for each in found.conflicts} == {
        lesson_pb2.RESOURCE_KIND_TEACHER,
        lesson_pb2.RESOURCE_KIND_STUDENT,
    }
    first = made.lessons[0].lesson_id
    move = lesson_pb.MoveLessonRequest(lesson_id=first, start_time=START + timedelta(hours=2))
    moved = stub.MoveLesson(move, metadata=signed).lesson
    assert moved.end_time.ToDatetime(UTC) == START + timedelta(hours=3, minutes=30)
    cancelled = stub.CancelLesson(lesson_pb.CancelLessonRequest(lesson_id=first, reason="停电"), metadata=signed).lesson
    assert cancelled.state == lesson_pb2.LESSON_STATE_CANCELLED
    got = stub.GetLesson(lesson_pb.GetLessonRequest(lesson_id=first), metadata=signed).lesson
    assert got.cancel_reason == "停电"
    standing = lesson_pb.ListLessonsRequest(teacher_id=teacher_id, filter="state = LESSON_STATE_SCHEDULED")
    assert [each.lesson_id for each in stub.ListLessons(standing, metadata=signed).lessons] == [
        made.lessons[1].lesson_id
    ]


def test_pages_of_lessons_follow_each_other(wire: Wire, signed: Signed, database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        made = [str(make.lesson(tx, campus, start=START + timedelta(days=n)).id) for n in range(5)]
    stub, request = LessonServiceStub(wire.channel), lesson_pb.ListLessonsRequest(campus_id=str(campus.id), page_size=2)
    seen: list[str] = []
    for size in (2, 2, 1):
        page = stub.ListLessons(request, metadata=signed)
        assert len(page.lessons) == size
        seen += [each.lesson_id for each in page.lessons]
        request.page_token = page.next_page_token
    assert (seen, request.page_token) == (made, "")


def test_a_class_group_is_changed_by_mask(wire: Wire, signed: Signed, campus_id: str) -> None:
    stub = ClassGroupServiceStub(wire.channel)
    create = group_pb.CreateClassGroupRequest(
        campus_id=campus_id, course_id=course(wire, signed).course_id, name="周二班", capacity=8
    )
    made = stub.CreateClassGroup(create, metadata=signed).class_group
    made.capacity, made.state, made.name = 6, class_group_pb2.CLASS_GROUP_STATE_CLOSED, "不改"
    update = group_pb.UpdateClassGroupRequest(class_group=made, update_mask={"paths": ["capacity", "state"]})
    changed = stub.UpdateClassGroup(update, metadata=signed).class_group
    assert (changed.capacity, changed.name) == (6, "周二班")
    closed = group_pb.ListClassGroupsRequest(filter="state = CLASS_GROUP_STATE_CLOSED")
    assert [each.name for each in stub.ListClassGroups(closed, metadata=signed).class_groups] == ["周二班"]
    update.class_group.capacity = 0
    assert refused(lambda: stub.UpdateClassGroup(update, metadata=signed)) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    update.update_mask.paths[:] = ["member_count"]
    assert refused(lambda: stub.UpdateClassGroup(update, metadata=signed)) == ("INVALID_ARGUMENT", "MASK_INVALID")


def test_permissions_and_campuses_hold_on_the_wire(
    wire: Wire, institution: UUID, campus_id: str, signed: Signed
) -> None:
    stub = RoomServiceStub(wire.channel)
    request = room_pb.CreateRoomRequest(campus_id=campus_id, name="201", capacity=12)
    room = stub.CreateRoom(request, metadata=signed).room
    reader = Wire.metadata(staff(institution, ["room.read"]))
    assert refused(lambda: stub.CreateRoom(request, metadata=reader)) == ("PERMISSION_DENIED", "PERMISSION_MISSING")
    far = Wire.metadata(staff(institution, campuses=[uuid7()]))
    get = room_pb.GetRoomRequest(room_id=room.room_id)
    assert refused(lambda: stub.GetRoom(get, metadata=far)) == ("NOT_FOUND", "ROOM_NOT_FOUND")
    assert refused(lambda: stub.CreateRoom(request, metadata=far)) == ("NOT_FOUND", "CAMPUS_NOT_FOUND")
    other = Wire.metadata(staff(uuid7()))
    assert refused(lambda: stub.GetRoom(get, metadata=other)) == ("NOT_FOUND", "ROOM_NOT_FOUND")


@pytest.mark.parametrize(
    ("day", "hours", "reason"),
    [
        (date_pb2.Date(year=2030, month=2, day=30), 18, "DATE_INVALID"),
        (date_pb2.Date(year=2030, month=3, day=4), 25, "TIME_INVALID"),
    ],
)
def test_dates_and_times_that_do_not_exist_are_refused(
    wire: Wire, signed: Signed, *, campus_id: str, day: date_pb2.Date, hours: int, reason: str
) -> None:
    request = lesson_pb.CreateSeriesRequest(
        plan=lesson_pb.LessonPlan(campus_id=campus_id),
        slots=[lesson_pb.WeeklySlot(day_of_week=1, start=timeofday_pb2.TimeOfDay(hours=hours))],
        start_date=day,
        end_date=date_pb2.Date(year=2030, month=3, day=18),
    )
    stub = LessonServiceStub(wire.channel)
    assert refused(lambda: stub.CreateSeries(request, metadata=signed)) == ("INVALID_ARGUMENT", reason)


def test_a_timetable_file_is_previewed_by_the_names_of_the_campus(
    wire: Wire, signed: Signed, campus_id: str, database: Database, institution: UUID
) -> None:
    with database.begin(Caller.system(institution)) as tx:
        room = make.room(tx, campuses.get(tx, UUID(campus_id)), name="101")
    stub = TimetableRunServiceStub(wire.channel)
    content = school(constraint("TeachersMaxBuildingChangesPerDay", ("Max_Building_Changes_Per_Day", 1)))
    request = timetable_pb.PreviewTimetableFileRequest(campus_id=campus_id, content=content)
    found = stub.PreviewTimetableFile(request, metadata=signed)
    assert (found.day_count, found.hour_count, found.weekly_lesson_count) == (3, 4, 7)
    assert [(each.name, each.id, each.size) for each in found.rooms] == [
        ("101", str(room.id), 30),
        ("102", "", 30),
        ("礼堂", "", 60),
    ]
    assert {each.name: each.weekly_lesson_count for each in found.teachers} == {"李老师": 3, "王老师": 2, "张老师": 2}
    assert {each.name: each.size for each in found.class_groups}["一班"] == 20
    (lack,) = found.unsupported_constraints
    assert (lack.kind, lack.count, lack.hard_count) == ("TeachersMaxBuildingChangesPerDay", 1, 1)


def test_what_is_no_timetable_file_is_refused_with_a_reason(wire: Wire, signed: Signed, campus_id: str) -> None:
    stub = TimetableRunServiceStub(wire.channel)
    request = timetable_pb.PreviewTimetableFileRequest(campus_id=campus_id, content=b"<html/>")
    with pytest.raises(grpc.RpcError) as failed:
        stub.PreviewTimetableFile(request, metadata=signed)
    assert refusal(failed.value)[1] == "TIMETABLE_FILE_INVALID"
