"""What lead holds about people."""

from __future__ import annotations

from shared.db import Tx
from shared.holdings import PEOPLE, Holding
from shared.subjects import Subject

_MINE = f"customer_id = {PEOPLE}"
_LEADS = f"in (select id from lead where customer_id = {PEOPLE})"  # noqa: S608 - constant texts
_OF_LEAD = f"lead_id {_LEADS}"
_STAFF = "staff leave by a handover"
_PARTNER = "people of partners and companies; corrected by hand"

HOLDINGS: tuple[Holding, ...] = (
    Holding(
        "lead",
        "咨询",
        "enquiry",
        _MINE,
        sealed=("profile_sealed",),
        index=("name_key",),
        clear=(
            *("birth_date", "gender", "school", "school_grade", "school_district", "guardian_relation"),
            *("tags", "industry"),
        ),
    ),
    Holding("lead_key", "检索键", "enquiry", _OF_LEAD, index=("key",), key="lead_id", drop=True),
    Holding("lead_tag", "标签检索", "enquiry", _OF_LEAD, clear=("tag",), key="lead_id", drop=True),
    Holding("touch", "来访记录", "enquiry", _OF_LEAD, sealed=("payload_sealed",), clear=("utm",)),
    Holding("follow_up", "跟进记录", "enquiry", _OF_LEAD, sealed=("content_sealed", "notes_sealed")),
    Holding("stage_change", "阶段变化", "enquiry", _OF_LEAD, sealed=("detail_sealed",)),
    Holding("grade_change", "评级变化", "enquiry", _OF_LEAD, sealed=("reason_sealed",)),
    Holding("trial", "试听", "enquiry", _OF_LEAD, sealed=("feedback_sealed", "opinion_sealed")),
    Holding("task", "待办", "enquiry", f"{_MINE} or {_OF_LEAD}", sealed=("note_sealed", "result_sealed")),
    Holding("plan_message", "跟进消息", "enquiry", _OF_LEAD, sealed=("subject_sealed", "body_sealed")),
    Holding(
        "contact",
        "联系人",
        "enquiry",
        f"{_OF_LEAD} or learner_lead_id {_LEADS}",
        sealed=("person_sealed",),
        index=("phone_key",),
        clear=("position",),
    ),
    Holding("teaching_handover", "教学交接", "teaching", _OF_LEAD, sealed=("told_sealed", "plan_sealed")),
    Holding("import_row", "导入行", "enquiry", _OF_LEAD, index=("row_key",), key="lead_id"),
    Holding("form_visit", "表单访问", "security", _OF_LEAD, index=("address_key",)),
    Holding("assessment_report", "测评结果", "enquiry", _OF_LEAD, clear=("choices", "scores")),
    Holding("duplicate", "疑似重复", "enquiry", f"{_OF_LEAD} or other_lead_id {_LEADS}"),
    Holding("arbitration", "归属仲裁", "enquiry", f"{_MINE} or {_OF_LEAD}"),
    Holding("assessment_sitting", "测评邀请", "enquiry", _OF_LEAD),
    Holding("assignment", "分配记录", "enquiry", _OF_LEAD),
    Holding("claim", "归属", "enquiry", f"{_MINE} or {_OF_LEAD}"),
    Holding("customer_alias", "合并", "enquiry", f"id = {PEOPLE} or survivor_id = {PEOPLE}"),
    Holding("lead_issue", "资料缺陷", "enquiry", _OF_LEAD),
    Holding("lead_merge", "合并", "enquiry", f"{_OF_LEAD} or survivor_lead_id {_LEADS}"),
    Holding("nps_answer", "推荐意愿", "teaching", _MINE),
    Holding("plan_cue", "待启动计划", "enquiry", _OF_LEAD, key="id"),
    Holding("plan_run", "跟进计划", "enquiry", _OF_LEAD),
    Holding("playbook_use", "话术使用", "enquiry", _OF_LEAD),
    Holding("registration", "渠道报备", "partner_sharing", f"{_MINE} or {_OF_LEAD}"),
    Holding("sale", "成交", "books", _MINE),
    Holding("study_consumption", "课消", "teaching", _MINE),
    Holding("webhook_call", "接口来访", "security", _OF_LEAD),
    Holding("import_part", "导入文件", "enquiry", sealed=("content_sealed",), note="deleted when the import is over"),
    Holding("import_batch", "导入批次", "enquiry", sealed=("rows_sealed",), note="deleted when the import is over"),
    Holding("staff", "员工", "employment", clear=("display_name",), note=_STAFF),
    Holding("partner", "合作方", "partner_relations", sealed=("contacts_sealed",), note=_PARTNER),
    Holding(
        "partner_visit",
        "合作方拜访",
        "partner_relations",
        sealed=("content_sealed", "next_action_sealed"),
        note=_PARTNER,
    ),
    Holding(
        "support_request", "合作方求助", "partner_relations", sealed=("content_sealed", "answer_sealed"), note=_PARTNER
    ),
    Holding("organisation", "企业客户", "partner_relations", sealed=("remark_sealed",), note=_PARTNER),
)
_LET_BE = f"""update lead
  set opt_out_time = coalesce(opt_out_time, %(now)s), archive_time = coalesce(archive_time, %(now)s)
  where institution_id = %(institution)s and {_MINE}"""  # noqa: S608 - constant texts


def forget(tx: Tx, subject: Subject) -> None:
    """Contact nobody who is forgotten, and put their leads away."""
    tx.run(_LET_BE, subject.values | {"institution": str(tx.institution_id), "now": tx.now})
