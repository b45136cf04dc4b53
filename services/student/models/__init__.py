"""Tables of student, one module per group of nouns; import them from here."""

from __future__ import annotations

from services.student.models.articles import Article, ArticleToken, ArticleVersion
from services.student.models.base import Base
from services.student.models.care import CallAttempt, CallTask, CareEvent, CareRule
from services.student.models.consents import (
    Consent,
    ConsentEntry,
    ImpactAssessment,
    PurposeNotice,
    PurposeSetting,
)
from services.student.models.conversations import FamilyMessage, FamilyThread, Interview, InterviewSample
from services.student.models.directory import Campus, CampusHours, Staff
from services.student.models.files import Guardian, GuardianLink, Household, StateEntry, Student, StudentNameToken
from services.student.models.growth import GrowthDelivery, GrowthReport, GrowthSetting
from services.student.models.imports import ImportedOpening, StudentImport, StudentImportBatch, StudentImportRow
from services.student.models.learning import (
    ClassRemark,
    Exam,
    ExamScore,
    ExamScoreChange,
    GroupMember,
    HomeworkWork,
    KnowledgeMap,
    KnowledgePoint,
    LearningPreference,
    LessonHomework,
    TaughtGroup,
    TeachingDuty,
)
from services.student.models.levels import StudentLevel
from services.student.models.losses import Referral, ReferralCode, ReferralPolicy, StudentLoss
from services.student.models.reveals import Reveal, RevealAlert
from services.student.models.subject_requests import SubjectPart, SubjectRequest
from services.student.models.surveys import FamilyComment, Survey, SurveyAnswer, SurveyInvitation, SurveyVersion
from services.student.models.tags import StudentTag, Tag
from services.student.models.teaching import Course, HourLot, Lesson, LessonPlace
from services.student.models.tickets import Ticket, TicketEntry, TicketPolicy
from services.student.models.timelines import TimelineEntry

__all__ = [
    "Article",
    "ArticleToken",
    "ArticleVersion",
    "Base",
    "CallAttempt",
    "CallTask",
    "Campus",
    "CampusHours",
    "CareEvent",
    "CareRule",
    "ClassRemark",
    "Consent",
    "ConsentEntry",
    "Course",
    "Exam",
    "ExamScore",
    "ExamScoreChange",
    "FamilyComment",
    "FamilyMessage",
    "FamilyThread",
    "GroupMember",
    "GrowthDelivery",
    "GrowthReport",
    "GrowthSetting",
    "Guardian",
    "GuardianLink",
    "HomeworkWork",
    "HourLot",
    "Household",
    "ImpactAssessment",
    "ImportedOpening",
    "Interview",
    "InterviewSample",
    "KnowledgeMap",
    "KnowledgePoint",
    "LearningPreference",
    "Lesson",
    "LessonHomework",
    "LessonPlace",
    "PurposeNotice",
    "PurposeSetting",
    "Referral",
    "ReferralCode",
    "ReferralPolicy",
    "Reveal",
    "RevealAlert",
    "Staff",
    "StateEntry",
    "Student",
    "StudentImport",
    "StudentImportBatch",
    "StudentImportRow",
    "StudentLevel",
    "StudentLoss",
    "StudentNameToken",
    "StudentTag",
    "SubjectPart",
    "SubjectRequest",
    "Survey",
    "SurveyAnswer",
    "SurveyInvitation",
    "SurveyVersion",
    "Tag",
    "TaughtGroup",
    "TeachingDuty",
    "Ticket",
    "TicketEntry",
    "TicketPolicy",
    "TimelineEntry",
]
