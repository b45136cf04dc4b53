"""What the gRPC server process of scheduling serves."""

from __future__ import annotations

from lianxiao.scheduling.v1 import attendance_device_service_pb2_grpc as attendance_device
from lianxiao.scheduling.v1 import attendance_rule_service_pb2_grpc as attendance_rule
from lianxiao.scheduling.v1 import attendance_service_pb2_grpc as attendance
from lianxiao.scheduling.v1 import calendar_feed_service_pb2_grpc as calendar_feed
from lianxiao.scheduling.v1 import calendar_service_pb2_grpc as calendar
from lianxiao.scheduling.v1 import capacity_service_pb2_grpc as capacity
from lianxiao.scheduling.v1 import class_group_service_pb2_grpc as class_group
from lianxiao.scheduling.v1 import class_record_service_pb2_grpc as class_record
from lianxiao.scheduling.v1 import course_service_pb2_grpc as course
from lianxiao.scheduling.v1 import home_service_pb2_grpc as home
from lianxiao.scheduling.v1 import homework_service_pb2_grpc as homework
from lianxiao.scheduling.v1 import hour_statistic_service_pb2_grpc as hour_statistic
from lianxiao.scheduling.v1 import leave_service_pb2_grpc as leave
from lianxiao.scheduling.v1 import lesson_service_pb2_grpc as lesson
from lianxiao.scheduling.v1 import makeup_service_pb2_grpc as makeup
from lianxiao.scheduling.v1 import online_lesson_service_pb2_grpc as online_lesson
from lianxiao.scheduling.v1 import place_service_pb2_grpc as place
from lianxiao.scheduling.v1 import placement_service_pb2_grpc as placement
from lianxiao.scheduling.v1 import progress_service_pb2_grpc as progress
from lianxiao.scheduling.v1 import regulation_service_pb2_grpc as regulation
from lianxiao.scheduling.v1 import room_service_pb2_grpc as room
from lianxiao.scheduling.v1 import sign_in_service_pb2_grpc as sign_in
from lianxiao.scheduling.v1 import substitute_service_pb2_grpc as substitute
from lianxiao.scheduling.v1 import syllabus_service_pb2_grpc as syllabus
from lianxiao.scheduling.v1 import teacher_service_pb2_grpc as teacher
from lianxiao.scheduling.v1 import teaching_quality_service_pb2_grpc as teaching_quality
from lianxiao.scheduling.v1 import timetable_run_service_pb2_grpc as timetable_run
from lianxiao.scheduling.v1 import trial_service_pb2_grpc as trial
from lianxiao.scheduling.v1 import workload_service_pb2_grpc as workload
from services.scheduling.rpc.attendance_device_service import AttendanceDeviceService
from services.scheduling.rpc.attendance_rule_service import AttendanceRuleService
from services.scheduling.rpc.attendance_service import AttendanceService
from services.scheduling.rpc.calendar_feed_service import CalendarFeedService
from services.scheduling.rpc.calendar_service import CalendarService
from services.scheduling.rpc.capacity_service import CapacityService
from services.scheduling.rpc.class_group_service import ClassGroupService
from services.scheduling.rpc.class_record_service import ClassRecordService
from services.scheduling.rpc.course_service import CourseService
from services.scheduling.rpc.home_service import HomeService
from services.scheduling.rpc.homework_service import HomeworkService
from services.scheduling.rpc.hour_statistic_service import HourStatisticService
from services.scheduling.rpc.leave_service import LeaveService
from services.scheduling.rpc.lesson_service import LessonService
from services.scheduling.rpc.makeup_service import MakeupService
from services.scheduling.rpc.online_lesson_service import OnlineLessonService
from services.scheduling.rpc.place_service import PlaceService
from services.scheduling.rpc.placement_service import PlacementService
from services.scheduling.rpc.progress_service import ProgressService
from services.scheduling.rpc.regulation_service import RegulationService
from services.scheduling.rpc.room_service import RoomService
from services.scheduling.rpc.sign_in_service import SignInService
from services.scheduling.rpc.substitute_service import SubstituteService
from services.scheduling.rpc.syllabus_service import SyllabusService
from services.scheduling.rpc.teacher_service import TeacherService
from services.scheduling.rpc.teaching_quality_service import TeachingQualityService
from services.scheduling.rpc.timetable_run_service import TimetableRunService
from services.scheduling.rpc.trial_service import TrialService
from services.scheduling.rpc.workload_service import WorkloadService
from shared.server import Registration

SERVICERS: list[Registration] = [
    (course.add_CourseServiceServicer_to_server, CourseService),
    (room.add_RoomServiceServicer_to_server, RoomService),
    (teacher.add_TeacherServiceServicer_to_server, TeacherService),
    (class_group.add_ClassGroupServiceServicer_to_server, ClassGroupService),
    (calendar.add_CalendarServiceServicer_to_server, CalendarService),
    (regulation.add_RegulationServiceServicer_to_server, RegulationService),
    (lesson.add_LessonServiceServicer_to_server, LessonService),
    (substitute.add_SubstituteServiceServicer_to_server, SubstituteService),
    (timetable_run.add_TimetableRunServiceServicer_to_server, TimetableRunService),
    (trial.add_TrialServiceServicer_to_server, TrialService),
    (attendance.add_AttendanceServiceServicer_to_server, AttendanceService),
    (attendance_rule.add_AttendanceRuleServiceServicer_to_server, AttendanceRuleService),
    (sign_in.add_SignInServiceServicer_to_server, SignInService),
    (attendance_device.add_AttendanceDeviceServiceServicer_to_server, AttendanceDeviceService),
    (leave.add_LeaveServiceServicer_to_server, LeaveService),
    (makeup.add_MakeupServiceServicer_to_server, MakeupService),
    (place.add_PlaceServiceServicer_to_server, PlaceService),
    (placement.add_PlacementServiceServicer_to_server, PlacementService),
    (workload.add_WorkloadServiceServicer_to_server, WorkloadService),
    (calendar_feed.add_CalendarFeedServiceServicer_to_server, CalendarFeedService),
    (capacity.add_CapacityServiceServicer_to_server, CapacityService),
    (syllabus.add_SyllabusServiceServicer_to_server, SyllabusService),
    (class_record.add_ClassRecordServiceServicer_to_server, ClassRecordService),
    (homework.add_HomeworkServiceServicer_to_server, HomeworkService),
    (progress.add_ProgressServiceServicer_to_server, ProgressService),
    (hour_statistic.add_HourStatisticServiceServicer_to_server, HourStatisticService),
    (teaching_quality.add_TeachingQualityServiceServicer_to_server, TeachingQualityService),
    (home.add_HomeServiceServicer_to_server, HomeService),
    (online_lesson.add_OnlineLessonServiceServicer_to_server, OnlineLessonService),
]
