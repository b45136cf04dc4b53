"""Statistics of hours as a CSV file that spreadsheet programs open as they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from shared.spreadsheet_cells import safe_text

KIND = "text/csv; charset=utf-8"
_FIGURES = {
    "zh": ("计划课时（学员）", "已上课时（学员）", "消耗课时", "计划课时（课次）", "已上课时（课次）", "课次"),
    "en": (
        *("Planned hours (students)", "Taught hours (students)", "Hours consumed"),
        *("Planned hours (lessons)", "Taught hours (lessons)", "Lessons"),
    ),
}
_SUBJECTS = {
    "zh": {"": "", "student": "学员", "class_group": "班级", "teacher": "教师", "campus": "校区", "course": "课程"},
    "en": {
        "": "",
        "student": "Student",
        "class_group": "Class group",
        "teacher": "Teacher",
        "campus": "Campus",
        "course": "Course",
    },
}
_WORDS = {"zh": ("起始日期", "编号", "合计"), "en": ("From", "Id", "Total")}
LANGUAGES = tuple(_WORDS)

# First day, id and name of a subject, and its six figures; all but the count in hundredths of a lesson hour.
Line = tuple[str, str, str, Sequence[int]]


def write(lines: Iterable[Line], total: Sequence[int], *, dimension: str, language: str) -> bytes:
    """Return the file: a mark of UTF-8 as spreadsheets want it, a heading, the lines and their sum."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    first, key, whole = _WORDS[language]
    rows.writerow([first, key, _SUBJECTS[language][dimension], *_FIGURES[language]])
    for start, subject_id, name, figures in lines:
        rows.writerow([start, subject_id, safe_text(name), *_figures(figures)])
    rows.writerow([whole, "", "", *_figures(total)])
    return text.getvalue().encode("utf-8-sig")


def _figures(figures: Sequence[int]) -> list[str]:
    *hundredths, count = figures
    return [f"{'-' * (each < 0)}{abs(each) // 100}.{abs(each) % 100:02}" for each in hundredths] + [str(count)]
