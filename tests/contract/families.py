"""What institution A and its families tell each other."""

from __future__ import annotations

from tests.journeys.chain import Chain

PRIVATE = ("投诉内容绝密",)


def furnish(chain: Chain, student_id: str) -> None:
    """Let one family of everything that is for families."""
    ticket = {
        "studentId": student_id,
        "kind": "TICKET_KIND_COMPLAINT",
        "subject": "投诉内容绝密",
        "text": "投诉内容绝密：老师迟到",
    }
    chain.admin.post("/v1/tickets", {"ticket": ticket})
    survey = {
        "titleZh": "机密满意度调查",
        "questions": [{"code": "nps", "kind": "SURVEY_QUESTION_KIND_NPS", "textZh": "您愿意推荐我们吗？"}],
    }
    made = chain.admin.post("/v1/surveys", {"survey": survey})["survey"]
    chain.admin.post(f"/v1/surveys/{made['surveyId']}:invite", {"studentIds": [student_id]})
    call = {"studentId": student_id, "occasion": "机密开课回访", "dueTime": "2030-01-01T02:00:00Z"}
    made = chain.admin.post("/v1/callTasks", {"callTask": call})["callTask"]
    said = {"outcome": "CALL_OUTCOME_NOT_REACHED", "note": "投诉内容绝密：无人接听"}
    chain.admin.post(f"/v1/callTasks/{made['callTaskId']}:record", said)
    article = {
        "kind": "ARTICLE_KIND_FAQ",
        "visibility": "ARTICLE_VISIBILITY_STAFF",
        "title": "机密退费口径",
        "body": "先核对机密课时",
    }
    made = chain.admin.post("/v1/articles", {"article": article})["article"]
    chain.admin.post(f"/v1/articles/{made['articleId']}:publish", {})
    guardians = chain.admin.get(f"/v1/students/{student_id}/guardians")["guardians"]
    said = {"guardianId": guardians[0]["guardianId"], "body": "投诉内容绝密：已答复"}
    chain.admin.post(f"/v1/students/{student_id}/familyMessages:send", said)
    chain.admin.post(f"/v1/students/{student_id}:issueReferralCode", {})
