"""Shipped texts about service: tickets, surveys, messages, care. Subject and body by code and language."""

from __future__ import annotations

_PAGE = ("guardian", "student", "link")
_DUTY = ("staff", "due_time")
FAMILY_VARIABLES: dict[str, tuple[str, ...]] = {
    "ticket_opened": _PAGE,
    "ticket_answered": _PAGE,
    "ticket_resolved": _PAGE,
    "survey_invited": _PAGE,
    "family_message": _PAGE,
    "growth_report": _PAGE,
    # Their words stand in the rule of care, or are somebody's own.
    "care": ("guardian", "student", "subject", "text"),
}
STAFF_VARIABLES: dict[str, tuple[str, ...]] = {
    "ticket_given": _DUTY,
    "ticket_late": _DUTY,
    "call_due": _DUTY,
    "family_message_received": _DUTY,
    "interview_due": _DUTY,
}
SHIPPED: dict[tuple[str, str], tuple[str, str]] = {
    ("ticket_opened", "zh"): (
        "我们已收到关于 {student} 的反馈",
        "{guardian}您好：您关于 {student} 的反馈已登记，处理进展请查看：{link}",
    ),
    ("ticket_opened", "en"): (
        "We have noted what you told us about {student}",
        "Dear {guardian}, we have noted what you told us about {student}. See how it goes on: {link}",
    ),
    ("ticket_answered", "zh"): (
        "关于 {student} 的反馈有新回复",
        "{guardian}您好：您关于 {student} 的反馈有新回复，请查看：{link}",
    ),
    ("ticket_answered", "en"): (
        "An answer to what you told us about {student}",
        "Dear {guardian}, there is an answer to what you told us about {student}: {link}",
    ),
    ("ticket_resolved", "zh"): (
        "关于 {student} 的反馈已处理",
        "{guardian}您好：您关于 {student} 的反馈已处理，请查看并告诉我们您是否满意：{link}",
    ),
    ("ticket_resolved", "en"): (
        "What you told us about {student} is dealt with",
        "Dear {guardian}, we have dealt with what you told us about {student}. Are you content? {link}",
    ),
    ("survey_invited", "zh"): (
        "邀请您评价 {student} 的学习体验",
        "{guardian}您好：想听听您对 {student} 学习体验的看法，只需一两分钟：{link}",
    ),
    ("survey_invited", "en"): (
        "How is {student} doing with us?",
        "Dear {guardian}, we would like to hear how {student} is doing with us; it takes a minute or two: {link}",
    ),
    ("family_message", "zh"): (
        "关于 {student} 的新消息",
        "{guardian}您好：老师给您发来关于 {student} 的消息，请查看并回复：{link}",
    ),
    ("family_message", "en"): (
        "A message about {student}",
        "Dear {guardian}, there is a message about {student}. Read and answer it here: {link}",
    ),
    ("growth_report", "zh"): (
        "{student} 的学习报告",
        "{guardian}您好：{student} 的学习报告已生成，请查看：{link}",
    ),
    ("growth_report", "en"): (
        "How {student} is learning",
        "Dear {guardian}, there is a report of how {student} is learning: {link}",
    ),
    ("care", "zh"): ("{subject}", "{guardian}您好：{text}"),
    ("care", "en"): ("{subject}", "Dear {guardian}, {text}"),
    ("ticket_given", "zh"): ("有一张工单待您处理", "{staff}您好：有一张家长工单待您处理，请在 {due_time} 前解决。"),
    ("ticket_given", "en"): (
        "A ticket waits for you",
        "Dear {staff}, a ticket of a family waits for you. Please solve it before {due_time}.",
    ),
    ("ticket_late", "zh"): (
        "工单已超时",
        "{staff}您好：一张家长工单未按时处理，解决时限为 {due_time}，请立即跟进。",
    ),
    ("ticket_late", "en"): (
        "A ticket is late",
        "Dear {staff}, a ticket of a family is late; it is to be solved before {due_time}. Please see to it.",
    ),
    ("call_due", "zh"): ("有一个家长回访待完成", "{staff}您好：有一个家长回访待完成，请在 {due_time} 前联系。"),
    ("call_due", "en"): ("A call to make", "Dear {staff}, a family is to be called before {due_time}."),
    ("family_message_received", "zh"): (
        "家长发来新消息",
        "{staff}您好：家长发来一条新消息，请在 {due_time} 前回复。",
    ),
    ("family_message_received", "en"): (
        "A family has written",
        "Dear {staff}, a family has written. Please answer before {due_time}.",
    ),
    ("interview_due", "zh"): ("本月深访名单已生成", "{staff}您好：本月有一位家长待深访，请在 {due_time} 前完成。"),
    ("interview_due", "en"): (
        "A family to interview this month",
        "Dear {staff}, a family was drawn for this month's interviews. Please talk to it before {due_time}.",
    ),
}
