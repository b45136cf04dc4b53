"""The data inventory: every personal column and wire field, what it is for, on which basis, how long, how it is erased.

Made from `services/*/actions/subjects.py`, the shipped purposes and the `pii` options of the protos:

    python -m tools.inventory           writes docs/data-inventory.md and docs/data-inventory.csv
    python -m tools.inventory --check   says whether they are up to date
"""

from __future__ import annotations

import csv
import importlib
import importlib.util
import io
import json
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import Default

from lianxiao.options.v1 import options_pb2
from services.__main__ import names
from shared.endpoints import extension
from shared.holdings import LEGAL_HOLDS, Holding
from tools.breaking import IMAGE
from tools.sources import ROOT

PAGE, SHEET = ROOT / "docs" / "data-inventory.md", ROOT / "docs" / "data-inventory.csv"
_PURPOSES = ROOT / "services" / "student" / "data" / "purposes.json"
_HEAD = ("service", "table", "column", "kind", "purpose", "basis", "keep_days", "erasure", "note")


class Purpose(NamedTuple):
    """What the register says about a purpose."""

    name_zh: str
    name_en: str
    basis: str
    keep_days: int


class Cell(NamedTuple):
    """One line of the inventory; `column` is "-" for a table with data about people under ids alone."""

    service: str
    table: str
    column: str
    kind: str
    purpose: str
    basis: str
    keep_days: int
    erasure: str
    note: str


def purposes() -> dict[str, Purpose]:
    """Return the shipped purposes by code, in the order of the file."""
    shipped = json.loads(_PURPOSES.read_text("utf-8"))["purposes"]
    return {each["purpose"]: Purpose(*(each[name] for name in Purpose._fields)) for each in shipped}


def holdings(service: str) -> tuple[Holding, ...]:
    """Return what a service says it holds about people; nothing for one without such a list."""
    module = f"services.{service}.actions.subjects"
    if importlib.util.find_spec(module) is None:
        return ()
    found: tuple[Holding, ...] = importlib.import_module(module).HOLDINGS
    return found


def cells() -> Iterator[Cell]:
    """Yield every line of the inventory of tables."""
    known = purposes()
    for service in names():
        for each in holdings(service):
            purpose = known[each.purpose]
            rest = (each.purpose, purpose.basis, purpose.keep_days, each.erasure, _note(each))
            for column, kind in each.personal or (("-", "pseudonym"),):
                yield Cell(service, each.table, column, kind, *rest)


def fields() -> Iterator[tuple[str, str]]:
    """Yield (message.field, kind) of every field of the protos that is marked as personal."""
    image = FileDescriptorSet.FromString(IMAGE.read_bytes())
    for name in sorted(file.name for file in image.file if file.name.startswith("lianxiao/")):
        importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
        for message in Default().FindFileByName(name).message_types_by_name.values():
            yield from _marked(message)


def _marked(message: Descriptor) -> Iterator[tuple[str, str]]:
    for field in message.fields:
        kind: int = cast("Any", extension(field.GetOptions(), options_pb2.pii))
        if kind:
            word = options_pb2.Pii.Name(cast("Any", kind)).removeprefix("PII_").lower()
            yield f"{message.full_name.removeprefix('lianxiao.')}.{field.name}", word
    for inner in message.nested_types:
        yield from _marked(inner)


def _note(each: Holding) -> str:
    return LEGAL_HOLDS[each.hold][1] if each.hold else each.note


def sheet() -> str:
    """Return the inventory of tables as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_HEAD)
    writer.writerows(cells())
    return out.getvalue()


def page() -> str:
    """Return the inventory as a page."""
    lines = [
        "# Data inventory",
        "",
        "Made by `make inventory` from what services declare; do not edit. The same as a table: `data-inventory.csv`.",
        "An erasure empties cells or deletes rows; `keep` names the law; `pseudonym` leaves rows whose ids lead to",
        "nobody once the rest is gone. `none`: no request of families reaches the table, the note says why.",
        "",
        "## Purposes",
        "| Purpose | 名称 | Name | Basis | Days kept |",
        "|---|---|---|---|---|",
        *(f"| {code} | {p.name_zh} | {p.name_en} | {p.basis} | {p.keep_days} |" for code, p in purposes().items()),
    ]
    for service in names():
        rows = [cell for cell in cells() if cell.service == service]
        if rows:
            lines += [
                "",
                f"## {service}",
                "| Table | Column | Kind | Purpose | Erasure | Note |",
                "|---|---|---|---|---|---|",
            ]
            lines += [f"| {c.table} | {c.column} | {c.kind} | {c.purpose} | {c.erasure} | {c.note} |" for c in rows]
    lines += ["", "## Fields on the wire", "| Field | Kind |", "|---|---|"]
    lines += [f"| {name} | {kind} |" for name, kind in fields()]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write both files, or with `--check` say whether they are up to date."""
    made = {PAGE: page(), SHEET: sheet()}
    stale = [path for path, text in made.items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" not in sys.argv[1:]:
        for path in stale:
            path.write_text(made[path], "utf-8")
        return 0
    for path in stale:
        sys.stdout.write(f"{path.relative_to(ROOT)} is out of date: run make inventory\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
