"""Tables of scheduling, one module per group of nouns; import them from here."""

from __future__ import annotations

from services.scheduling.models.attendances import (
    AbsenceRule,
    Attendance,
    AttendanceChange,
    AttendanceCode,
    AttendanceCodeChange,
)
from services.scheduling.models.base import Base
from services.scheduling.models.calendar_feeds import CalendarFeed
from services.scheduling.models.calendars import HolidayNotice, LessonRegulation, SchoolTerm
from services.scheduling.models.class_groups import ClassGroup, Membership, Placement, Suspension, WaitingEntry
from services.scheduling.models.class_records import (
    ClassRecord,
    ClassRecordChange,
    RatingScale,
    StudentRemark,
    StudentRemarkChange,
)
from services.scheduling.models.courses import Course
from services.scheduling.models.directory import Campus, CampusTravel, Student, StudentTime
from services.scheduling.models.homework import HomeworkSubmission, HomeworkSubmissionChange
from services.scheduling.models.leaves import LeaveRequest, MakeupEntitlement
from services.scheduling.models.lessons import Lesson, LessonChange, LessonReminder, LessonResource, LessonSeries
from services.scheduling.models.quality import QualityAlert, QualityThreshold
from services.scheduling.models.rooms import Room, RoomBlock
from services.scheduling.models.sign_ins import (
    AttendanceDevice,
    DeviceEvent,
    OnlineRule,
    RollCallChase,
    RollCallPolicy,
    SignIn,
    StudentCard,
    TeacherAttendance,
    TeacherAttendanceChange,
)
from services.scheduling.models.substitutes import SubstituteOffer, SubstituteRequest
from services.scheduling.models.syllabi import ClassGroupSyllabus, Syllabus, SyllabusPoint
from services.scheduling.models.teachers import Teacher, TeacherAvailability, TeacherException
from services.scheduling.models.timetable_runs import TimetableProposal, TimetableProposalChange, TimetableRun
from services.scheduling.models.trials import Trial, TrialStep

__all__ = [
    "AbsenceRule",
    "Attendance",
    "AttendanceChange",
    "AttendanceCode",
    "AttendanceCodeChange",
    "AttendanceDevice",
    "Base",
    "CalendarFeed",
    "Campus",
    "CampusTravel",
    "ClassGroup",
    "ClassGroupSyllabus",
    "ClassRecord",
    "ClassRecordChange",
    "Course",
    "DeviceEvent",
    "HolidayNotice",
    "HomeworkSubmission",
    "HomeworkSubmissionChange",
    "LeaveRequest",
    "Lesson",
    "LessonChange",
    "LessonRegulation",
    "LessonReminder",
    "LessonResource",
    "LessonSeries",
    "MakeupEntitlement",
    "Membership",
    "OnlineRule",
    "Placement",
    "QualityAlert",
    "QualityThreshold",
    "RatingScale",
    "RollCallChase",
    "RollCallPolicy",
    "Room",
    "RoomBlock",
    "SchoolTerm",
    "SignIn",
    "Student",
    "StudentCard",
    "StudentRemark",
    "StudentRemarkChange",
    "StudentTime",
    "SubstituteOffer",
    "SubstituteRequest",
    "Suspension",
    "Syllabus",
    "SyllabusPoint",
    "Teacher",
    "TeacherAttendance",
    "TeacherAttendanceChange",
    "TeacherAvailability",
    "TeacherException",
    "TimetableProposal",
    "TimetableProposalChange",
    "TimetableRun",
    "Trial",
    "TrialStep",
    "WaitingEntry",
]
