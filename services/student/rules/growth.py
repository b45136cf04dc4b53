"""Periods of growth reports, who gets which layout, and what a report says on paper. Pure.

A report's content is JSON with the field names of `GrowthContent`; it is kept as it was told, and page and file are
made of nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from shared.errors import InvalidInput
from shared.printing import Bar, Bars, Block, Heading, Paragraph, Table, Title, shown

WEEK, TERM = "week", "term"
FULL, BRIEF = "full", "brief"
_PERIODS = {WEEK: "学习周报", TERM: "学期学习报告"}
_LONGEST_TERM = timedelta(days=250)
_WEEK = timedelta(days=6)
_WHOLE = 10_000


def check_period(period: str, start: date, end: date, today: date) -> None:
    """Raise InvalidInput PERIOD_INVALID for a week that is none, a term beyond 250 days, or what is not over."""
    fits = start.weekday() == 0 and end - start == _WEEK if period == WEEK else _WEEK < end - start <= _LONGEST_TERM
    if not fits or end >= today:
        raise InvalidInput("end_date", "this is no such period, or it is not over", "PERIOD_INVALID")


def week_before(today: date, weekday: int) -> tuple[date, date]:
    """Return the last week that is to be told of: from `weekday` (ISO, 1 Monday) on the one before today's."""
    monday = today - timedelta(days=today.weekday() + 7)
    if today.isoweekday() < weekday:
        monday -= timedelta(days=7)
    return monday, monday + _WEEK


def variant(experiment: str, guardian_id: UUID, brief_basis_points: int) -> str:
    """Return the layout that a guardian gets in a test: always the same, drawn by SHA-256 over both."""
    digest = hashlib.sha256(f"{experiment}|{guardian_id}".encode()).digest()
    drawn = int.from_bytes(digest[:8]) % _WHOLE
    return BRIEF if drawn < brief_basis_points else FULL


def stored(content: Mapping[str, Any]) -> str:
    """Return the one form in which a content is kept."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def fingerprint(text: str) -> str:
    """Return the SHA-256 of a content as it is kept, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def says_something(content: Mapping[str, Any]) -> bool:
    """Say whether anything happened in the period."""
    told = (content["attendance"]["lesson_count"], content["homework"]["given_count"], len(content["remarks"]))
    return any(told) or any(subject["scores"] for subject in content["subjects"])


def heading(content: Mapping[str, Any]) -> str:
    """Return the title of a report."""
    return shown(f"{content['student_name']} {_PERIODS[content['period']]}")


def blocks(content: Mapping[str, Any]) -> list[Block]:
    """Return a report as it is printed."""
    start, end = (_day(content[name]) for name in ("start_date", "end_date"))
    return [
        Title(heading(content)),
        Paragraph(f"{start} 至 {end}"),
        *_habits(content["attendance"], content["homework"]),
        *(block for subject in content["subjects"] for block in _subject(subject)),
        *_remarks(content["remarks"]),
    ]


def _habits(attendance: Mapping[str, Any], homework: Mapping[str, Any]) -> Iterator[Block]:
    yield Heading("出勤与作业")
    lines = [
        (
            "出勤率",
            "attendance_basis_points",
            attendance,
            f"{attendance['attended_count']}/{attendance['lesson_count']}",
        ),
        ("作业完成率", "completion_basis_points", homework, f"{homework['done_count']}/{homework['given_count']}"),
        ("作业平均得分率", "score_basis_points", homework, ""),
    ]
    bars = [
        Bar(label, where[name], f"{_percent(where[name])} {count}".strip())
        for label, name, where, count in lines
        if where.get(name) is not None
    ]
    if bars:
        yield Bars(tuple(bars))
    else:
        yield Paragraph("本期没有上课或作业记录。")
    if homework["missing_count"]:
        yield Paragraph(f"有 {homework['missing_count']} 次作业未按时提交。")


def _subject(subject: Mapping[str, Any]) -> Iterator[Block]:
    yield Heading(shown(subject["subject"]))
    scored = [score for score in subject["scores"] if not score["absent"]]
    if scored:
        yield Bars(
            tuple(
                Bar(
                    shown(f"{_day(each['exam_date'])[5:]} {each['title']}")[:16],
                    each["share_basis_points"],
                    _compared(each),
                    each.get("class_mean_basis_points"),
                )
                for each in scored
            )
        )
    trend = subject.get("trend_basis_points")
    if trend is not None:
        way = "上升" if trend > 0 else "下降" if trend < 0 else "持平"
        yield Paragraph(f"近期得分率{way}{'' if not trend else f' {abs(trend) / 100:.1f} 个百分点'}。")
    counts = [subject[f"{level}_count"] for level in ("mastered", "partial", "gap", "unknown")]
    if any(counts):
        head = ("已掌握", "基本掌握", "待加强", "尚未检测")
        yield Table((head, tuple(str(count) for count in counts)))
    if subject["next_titles"]:
        yield Paragraph(shown(f"下一步建议：{'、'.join(subject['next_titles'])}。"))


def _remarks(remarks: list[Mapping[str, Any]]) -> Iterator[Block]:
    if not remarks:
        return
    yield Heading("老师评语")
    for each in remarks:
        rating = f"（{each['rating']}/{each['rating_highest']}）" if each["rating"] else ""
        yield Paragraph(shown(f"{each['lesson_start_time'][:10]}{rating} {each['remark']}"))


def _compared(score: Mapping[str, Any]) -> str:
    mean = score.get("class_mean_basis_points")
    text = _percent(score["share_basis_points"])
    return text if mean is None else f"{text} 班级平均 {_percent(mean)}"


def _percent(share: int) -> str:
    return f"{share / 100:.1f}%"


def _day(day: Mapping[str, int]) -> str:
    return f"{day['year']:04}-{day['month']:02}-{day['day']:02}"
