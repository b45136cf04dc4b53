"""What student holds about people."""

from __future__ import annotations

from shared.holdings import GUARDIANS, OF_FAMILY, PEOPLE, Holding

_STUDENT = f"student_id = {PEOPLE}"
# Constant texts.
_TICKET = f"ticket_id in (select id from ticket where {OF_FAMILY})"  # noqa: S608
_CALL = f"call_task_id in (select id from call_task where {OF_FAMILY})"  # noqa: S608
_THREAD = f"thread_id in (select id from family_thread where {OF_FAMILY})"  # noqa: S608
_INVITATION = f"invitation_id in (select id from survey_invitation where {OF_FAMILY})"  # noqa: S608
_REQUEST = (
    "subject_request_id in (select id from subject_request"  # noqa: S608
    f" where person_id = {PEOPLE} or guardian_id = {GUARDIANS})"
)

HOLDINGS: tuple[Holding, ...] = (
    Holding(
        "student",
        "学员档案",
        "child_file",
        f"id = {PEOPLE}",
        sealed=("name_sealed",),
        clear=("birth_year", "birth_month", "birth_day", "gender", "school", "school_grade"),
    ),
    Holding("student_name_token", "姓名检索", "child_file", _STUDENT, index=("token",), key="student_id", drop=True),
    Holding(
        "guardian",
        "监护人",
        "teaching",
        f"id = {GUARDIANS}",
        sealed=("name_sealed", "phone_sealed", "email_sealed"),
        index=("phone_index",),
    ),
    Holding("guardian_link", "监护关系", "teaching", OF_FAMILY, clear=("relation",)),
    Holding("student_state_entry", "状态变化", "teaching", _STUDENT, clear=("reason",)),
    Holding("student_tag", "标签", "profiling", _STUDENT, sealed=("reason_sealed",)),
    Holding("ticket", "工单", "teaching", OF_FAMILY, sealed=("subject_sealed", "text_sealed", "resolution_sealed")),
    Holding("ticket_entry", "工单记录", "teaching", _TICKET, sealed=("text_sealed",)),
    Holding("survey_answer", "问卷回答", "teaching", _INVITATION, sealed=("text_sealed",)),
    Holding("family_comment", "家长评价", "teaching", _INVITATION, sealed=("text_sealed",)),
    Holding("call_attempt", "回访记录", "teaching", _CALL, sealed=("note_sealed",)),
    Holding("family_message", "家校消息", "teaching", _THREAD, sealed=("body_sealed",)),
    Holding("interview", "访谈", "teaching", _STUDENT, sealed=("note_sealed",)),
    Holding("class_remark", "课堂评语", "teaching", _STUDENT, sealed=("remark_sealed",)),
    Holding("student_level", "学科等级", "teaching", _STUDENT),
    Holding("learning_preference", "学习偏好", "teaching", f"id = {PEOPLE}", sealed=("note_sealed",)),
    Holding("group_member", "班级学员", "teaching", _STUDENT),
    Holding("exam_score", "成绩", "teaching", _STUDENT),
    Holding("homework_work", "作业", "teaching", _STUDENT),
    Holding("growth_report", "成长报告", "teaching", _STUDENT, sealed=("content_sealed",)),
    Holding("growth_delivery", "成长报告送达", "teaching", OF_FAMILY),
    Holding("student_import", "学员导入文件", "teaching", sealed=("content_sealed",), note="emptied when it is read"),
    Holding(
        "student_import_batch", "学员导入批次", "teaching", sealed=("rows_sealed",), note="deleted when it is taken in"
    ),
    Holding("student_import_row", "学员导入行", "teaching", _STUDENT, key="student_id"),
    Holding("imported_opening", "期初课时", "teaching", _STUDENT),
    Holding("timeline_entry", "时间线", "teaching", _STUDENT),
    Holding(
        "reveal",
        "查看明文记录",
        "security",
        # As with OF_FAMILY: what was shown of one parent is none of the other's business.
        f"(subject_id = {GUARDIANS} or person_id = {PEOPLE} and (subject_kind <> 'guardian' or not %(own_only)s))",
        sealed=("note_sealed",),
    ),
    Holding("reveal_alert", "查看异常", "security", sealed=("finding_sealed",), note="about staff; kept as evidence"),
    Holding("hour_lot", "课时余额", "teaching", _STUDENT),
    Holding("call_task", "回访", "teaching", OF_FAMILY, clear=("occasion",)),
    Holding("care_event", "关怀", "teaching", _STUDENT),
    Holding("family_thread", "家校会话", "teaching", OF_FAMILY),
    Holding("survey_invitation", "问卷邀请", "teaching", OF_FAMILY),
    Holding("student_loss", "流失", "teaching", _STUDENT),
    Holding("referral_code", "推荐码", "marketing", _STUDENT),
    Holding("referral", "推荐", "marketing", f"{_STUDENT} or customer_id = {PEOPLE}"),
    Holding("consent", "同意现状", "security", f"person_id = {PEOPLE} or guardian_id = {GUARDIANS}"),
    Holding("consent_entry", "同意记录", "security", f"person_id = {PEOPLE} or guardian_id = {GUARDIANS}"),
    Holding(
        "subject_request",
        "个人信息请求",
        "security",
        f"person_id = {PEOPLE} or guardian_id = {GUARDIANS}",
        sealed=("request_sealed", "answer_sealed"),
    ),
    Holding("subject_part", "个人信息副本", "security", _REQUEST, sealed=("content_sealed",)),
)
