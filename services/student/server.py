"""What the gRPC server process of student serves."""

from __future__ import annotations

from lianxiao.student.v1 import (
    article_service_pb2_grpc,
    call_task_service_pb2_grpc,
    care_rule_service_pb2_grpc,
    consent_service_pb2_grpc,
    exam_service_pb2_grpc,
    family_comment_service_pb2_grpc,
    family_thread_service_pb2_grpc,
    growth_report_service_pb2_grpc,
    guardian_service_pb2_grpc,
    interview_service_pb2_grpc,
    knowledge_map_service_pb2_grpc,
    learning_record_service_pb2_grpc,
    overview_service_pb2_grpc,
    purpose_service_pb2_grpc,
    referral_service_pb2_grpc,
    reveal_service_pb2_grpc,
    student_import_service_pb2_grpc,
    student_level_service_pb2_grpc,
    student_loss_service_pb2_grpc,
    student_service_pb2_grpc,
    subject_request_service_pb2_grpc,
    survey_service_pb2_grpc,
    tag_service_pb2_grpc,
    ticket_service_pb2_grpc,
    timeline_service_pb2_grpc,
    workload_service_pb2_grpc,
)
from services.student.rpc.article_service import ArticleService
from services.student.rpc.call_task_service import CallTaskService
from services.student.rpc.care_rule_service import CareRuleService
from services.student.rpc.consent_service import ConsentService
from services.student.rpc.exam_service import ExamService
from services.student.rpc.family_comment_service import FamilyCommentService
from services.student.rpc.family_thread_service import FamilyThreadService
from services.student.rpc.growth_report_service import GrowthReportService
from services.student.rpc.guardian_service import GuardianService
from services.student.rpc.interview_service import InterviewService
from services.student.rpc.knowledge_map_service import KnowledgeMapService
from services.student.rpc.learning_record_service import LearningRecordService
from services.student.rpc.overview_service import OverviewService
from services.student.rpc.purpose_service import PurposeService
from services.student.rpc.referral_service import ReferralService
from services.student.rpc.reveal_service import RevealService
from services.student.rpc.student_import_service import StudentImportService
from services.student.rpc.student_level_service import StudentLevelService
from services.student.rpc.student_loss_service import StudentLossService
from services.student.rpc.student_service import StudentService
from services.student.rpc.subject_request_service import SubjectRequestService
from services.student.rpc.survey_service import SurveyService
from services.student.rpc.tag_service import TagService
from services.student.rpc.ticket_service import TicketService
from services.student.rpc.timeline_service import TimelineService
from services.student.rpc.workload_service import WorkloadService
from shared.server import Registration

SERVICERS: list[Registration] = [
    (student_service_pb2_grpc.add_StudentServiceServicer_to_server, StudentService),
    (overview_service_pb2_grpc.add_OverviewServiceServicer_to_server, OverviewService),
    (guardian_service_pb2_grpc.add_GuardianServiceServicer_to_server, GuardianService),
    (timeline_service_pb2_grpc.add_TimelineServiceServicer_to_server, TimelineService),
    (tag_service_pb2_grpc.add_TagServiceServicer_to_server, TagService),
    (exam_service_pb2_grpc.add_ExamServiceServicer_to_server, ExamService),
    (knowledge_map_service_pb2_grpc.add_KnowledgeMapServiceServicer_to_server, KnowledgeMapService),
    (learning_record_service_pb2_grpc.add_LearningRecordServiceServicer_to_server, LearningRecordService),
    (student_level_service_pb2_grpc.add_StudentLevelServiceServicer_to_server, StudentLevelService),
    (growth_report_service_pb2_grpc.add_GrowthReportServiceServicer_to_server, GrowthReportService),
    (student_import_service_pb2_grpc.add_StudentImportServiceServicer_to_server, StudentImportService),
    (purpose_service_pb2_grpc.add_PurposeServiceServicer_to_server, PurposeService),
    (consent_service_pb2_grpc.add_ConsentServiceServicer_to_server, ConsentService),
    (ticket_service_pb2_grpc.add_TicketServiceServicer_to_server, TicketService),
    (survey_service_pb2_grpc.add_SurveyServiceServicer_to_server, SurveyService),
    (family_comment_service_pb2_grpc.add_FamilyCommentServiceServicer_to_server, FamilyCommentService),
    (call_task_service_pb2_grpc.add_CallTaskServiceServicer_to_server, CallTaskService),
    (care_rule_service_pb2_grpc.add_CareRuleServiceServicer_to_server, CareRuleService),
    (article_service_pb2_grpc.add_ArticleServiceServicer_to_server, ArticleService),
    (family_thread_service_pb2_grpc.add_FamilyThreadServiceServicer_to_server, FamilyThreadService),
    (interview_service_pb2_grpc.add_InterviewServiceServicer_to_server, InterviewService),
    (student_loss_service_pb2_grpc.add_StudentLossServiceServicer_to_server, StudentLossService),
    (referral_service_pb2_grpc.add_ReferralServiceServicer_to_server, ReferralService),
    (subject_request_service_pb2_grpc.add_SubjectRequestServiceServicer_to_server, SubjectRequestService),
    (reveal_service_pb2_grpc.add_RevealServiceServicer_to_server, RevealService),
    (workload_service_pb2_grpc.add_WorkloadServiceServicer_to_server, WorkloadService),
]
