"""The archive that a person gets: JSON by service for machines, and one page to read. Pure functions."""

from __future__ import annotations

import hashlib
import html
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

# Archives of the same content are the same bytes.
_STAMP = (2000, 1, 1, 0, 0, 0)
_LABELS = {
    "name": "姓名",
    "display_name": "姓名",
    "child_name": "孩子姓名",
    "phone": "电话",
    "email": "邮箱",
    "birth_year": "出生年",
    "birth_month": "出生月",
    "birth_day": "出生日",
    "birth_date": "生日",
    "gender": "性别",
    "school": "学校",
    "school_grade": "年级",
    "profile": "资料",
    "remark": "备注",
    "content": "内容",
    "reason": "原因",
    "text": "内容",
    "body": "正文",
    "subject": "标题",
    "address": "地址",
    "note": "记录",
    "state": "状态",
    "create_time": "建立时间",
    "update_time": "更新时间",
    "amount_fen": "金额（分）",
    "feedback": "反馈",
    "opinion": "意见",
    "resolution": "处理结果",
    "relation": "关系",
    "kind": "类别",
}
_STYLE = "body{font-family:sans-serif;margin:2em}table{border-collapse:collapse;margin:0 0 1.5em}"
_STYLE += "td,th{border:1px solid #bbb;padding:.3em .6em;text-align:left;vertical-align:top}th{background:#f3f3f3}"


class Part(NamedTuple):
    """What one service sent: the Chinese titles of its tables, and rows by table."""

    service: str
    titles: Mapping[str, str]
    rows: Mapping[str, Sequence[Mapping[str, Any]]]


def archive(parts: Sequence[Part]) -> bytes:
    """Return the zip: data/<service>.json, 个人信息副本.html, and manifest.json with the SHA-256 of each."""
    files = {f"data/{part.service}.json": _json(part.rows) for part in parts}
    files["个人信息副本.html"] = page(parts).encode()
    files["manifest.json"] = _json({name: hashlib.sha256(content).hexdigest() for name, content in files.items()})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(zipfile.ZipInfo(name, _STAMP), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def page(parts: Sequence[Part]) -> str:
    """Return everything as one page in Chinese."""
    body = "".join(
        f"<h2>{html.escape(part.titles.get(table, table))}（{len(rows)}）</h2>{_table(rows)}"
        for part in parts
        for table, rows in part.rows.items()
    )
    title = "个人信息副本"
    head = f'<meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="zh"><head>{head}</head><body><h1>{title}</h1>{body}</body></html>'


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = [name for name in rows[0] if any(row.get(name) not in (None, "", [], {}) for row in rows)]
    head = "".join(f"<th>{html.escape(_LABELS.get(name, name))}</th>" for name in columns)
    lines = ("".join(f"<td>{html.escape(_shown(row.get(name)))}</td>" for name in columns) for row in rows)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
