"""Lists: filter, order, pages. One declaration per list, one statement per page.

Filters are `field op value` joined by AND, after AIP-160: `stage = "enquiry" AND create_time >= "2026-03-01"`;
`in [a, b]` takes several values. Pages continue after the last row seen (keyset), so they cost the same however deep
they are. A page token is sealed and bound to its filter and order.

    LISTING = Listing(Student, fields={"state": Field(Student.state)}, default_order="create_time desc")
    page = LISTING.page(tx, request, where=[Student.campus_id == campus_id])
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select

from shared.crypto import CannotOpen, open_from_bus, seal_for_bus
from shared.db import Tx
from shared.errors import InvalidInput

M = TypeVar("M")
DEFAULT_SIZE = 50
GREATEST_SIZE = 200
_TERM = re.compile(
    r"""\s*(?P<field>[a-z_.]+)\s*(?:(?P<op>!=|<=|>=|=|<|>)\s*(?P<value>"(?:[^"\\]|\\.)*"|[^\s"\[\]]+)"""
    r"""|\s+(?P<word>in|IN)\s*\[(?P<list>[^\]]*)\])\s*(?P<and>AND\s|$)"""
)
_ITEM = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^\s",\[\]]+)\s*(?:,|$)')
_MOST_VALUES = 200


class ListRequest(Protocol):
    """The fields that every list request has."""

    page_size: int
    page_token: str
    filter: str
    order_by: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field that callers may filter and (unless `sortable` is off) order by.

    `parse` turns the text of a filter into the column's value and raises ValueError for nonsense; by default it
    follows the column's type. Enum columns that store `enrolled` for STUDENT_STATE_ENROLLED give `prefix`.
    """

    column: Any
    parse: Callable[[str], Any] | None = None
    prefix: str = ""
    sortable: bool = True

    def value(self, text: str) -> Any:
        """Return the value of a filter's text; raises ValueError."""
        if self.parse is not None:
            return self.parse(text)
        if self.prefix and text.startswith(self.prefix):
            return text.removeprefix(self.prefix).lower()
        return _PARSERS[self.column.type.python_type](text)


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """One page; the token is empty on the last."""

    rows: Sequence[M]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class _Term:
    name: str
    op: str
    value: Any


@dataclass(frozen=True, slots=True)
class _Order:
    name: str
    descending: bool


@dataclass(slots=True)
class Listing:
    """A list of a model's rows, or with `columns` of plain tuples for hot lists."""

    model: Any
    fields: Mapping[str, Field]
    default_order: str = "create_time desc"
    columns: Sequence[Any] = ()
    _statements: dict[object, Select[Any]] = field(default_factory=dict)

    def page(self, tx: Tx, request: Any, where: Sequence[ColumnElement[bool]] = ()) -> Page[Any]:
        """Return the page that a list request asks for; raises InvalidInput naming the field that is wrong."""
        size = min(request.page_size or DEFAULT_SIZE, GREATEST_SIZE)
        terms = self._terms(request.filter)
        order = self._order(request.order_by or self.default_order)
        bound = f"{request.filter}|{request.order_by}|{self.model.__tablename__}|{getattr(request, 'search', '')}"
        after = self._after(tx, request.page_token, order, bound)
        values: dict[str, Any] = {f"v{n}": term.value for n, term in enumerate(terms)}
        values |= {f"a{n}": value for n, value in enumerate(after)} | {"size": size + 1, "me": tx.institution_id}
        statement = self._statement(terms, order, where, resumed=bool(after))
        if self.columns:
            found: Sequence[Any] = tx.execute(statement, values).all()
        else:
            found = tx.session.scalars(statement, values).all()
        rows = found[:size]
        token = self._token(tx, rows[-1], order, bound) if len(found) > size else ""
        return Page(rows, token)

    def _statement(
        self, terms: list[_Term], order: list[_Order], where: Sequence[ColumnElement[bool]], *, resumed: bool
    ) -> Select[Any]:
        shape = (tuple((t.name, t.op) for t in terms), tuple(order), resumed)
        if not where and shape in self._statements:
            return self._statements[shape]
        statement = select(*self.columns) if self.columns else select(self.model)
        statement = statement.where(self.model.institution_id == bindparam("me"), *where)
        for number, term in enumerate(terms):
            statement = statement.where(_condition(self.fields[term.name].column, term.op, f"v{number}"))
        if resumed:
            statement = statement.where(self._beyond(order))
        keys = [(self._column(o.name), o.descending) for o in order]
        statement = statement.order_by(*(column.desc() if down else column.asc() for column, down in keys))
        statement = statement.limit(bindparam("size"))
        if not where and len(self._statements) < GREATEST_SIZE:
            self._statements[shape] = statement
        return statement

    def _beyond(self, order: list[_Order]) -> ColumnElement[bool]:
        """Return (a, b, id) > (:a0, :a1, :a2) for mixed directions; one row comparison when all run the same way."""
        steps = []
        for depth, part in enumerate(order):
            same = [self._column(o.name) == bindparam(f"a{n}") for n, o in enumerate(order[:depth])]
            column: Any = self._column(part.name)
            limit: Any = bindparam(f"a{depth}")
            steps.append(and_(*same, column < limit if part.descending else column > limit))
        beyond = or_(*steps)
        first: Any = self._column(order[0].name)
        start: Any = bindparam("a0")
        # The redundant bound on the leading column lets the index start at the right place.
        return and_(first <= start if order[0].descending else first >= start, beyond)

    def _column(self, name: str) -> Any:
        return self.model.id if name == "id" else self.fields[name].column

    def _terms(self, text: str) -> list[_Term]:
        terms, position = [], 0
        while position < len(text):
            match = _TERM.match(text, position)
            if match is None:
                raise InvalidInput(
                    "filter", f"cannot read the filter at {text[position : position + 30]!r}", "FILTER_INVALID"
                )
            terms.append(self._term(match))
            position = match.end()
            if position == len(text) and match["and"].strip():
                raise InvalidInput("filter", "the filter ends with AND", "FILTER_INVALID")
        return terms

    def _term(self, match: re.Match[str]) -> _Term:
        known = self.fields.get(match["field"])
        if known is None:
            names = ", ".join(sorted(self.fields))
            raise InvalidInput("filter", f"there is no field {match['field']}; filter by {names}", "FILTER_INVALID")
        try:
            if match["word"]:
                items = [known.value(_unquote(item)) for item in _ITEM.findall(match["list"])]
                return _Term(match["field"], "in", items[:_MOST_VALUES])
            return _Term(match["field"], match["op"], known.value(_unquote(match["value"])))
        except (ValueError, KeyError) as error:
            raise InvalidInput(
                "filter", f"{match['field']} cannot be {match.group(0).strip()}", "FILTER_INVALID"
            ) from error

    def _order(self, text: str) -> list[_Order]:
        parts = []
        for part in text.split(","):
            name, _, direction = part.strip().partition(" ")
            known = self.fields.get(name)
            if known is None or not known.sortable or direction not in ("", "asc", "desc"):
                names = ", ".join(sorted(n for n, f in self.fields.items() if f.sortable))
                raise InvalidInput("order_by", f"cannot order by {part.strip()}; order by {names}", "ORDER_INVALID")
            parts.append(_Order(name, direction == "desc"))
        return [*parts, _Order("id", parts[-1].descending)]

    def _token(self, tx: Tx, row: Any, order: list[_Order], bound: str) -> str:
        values = [_plain(getattr(row, self._column(o.name).key)) for o in order]
        return seal_for_bus(tx.institution_id, json.dumps([bound, values]))

    def _after(self, tx: Tx, token: str, order: list[_Order], bound: str) -> list[Any]:
        if not token:
            return []
        try:
            was_bound, values = json.loads(open_from_bus(tx.institution_id, token))
        except (CannotOpen, ValueError) as error:
            raise InvalidInput(
                "page_token", "this is no page token of ours; start without", "PAGE_TOKEN_INVALID"
            ) from error
        if was_bound != bound:
            raise InvalidInput("page_token", "the token belongs to another filter or order", "PAGE_TOKEN_INVALID")
        kinds = [self._column(o.name).type.python_type for o in order]
        return [None if value is None else _PARSERS[kind](value) for kind, value in zip(kinds, values, strict=True)]


def _condition(column: Any, op: str, name: str) -> Any:
    if op == "in":
        return column.in_(bindparam(name, expanding=True))
    limit = bindparam(name, type_=column.type)
    pairs: dict[str, Callable[[], Any]] = {
        "=": lambda: column == limit,
        "!=": lambda: column != limit,
        "<": lambda: column < limit,
        "<=": lambda: column <= limit,
        ">": lambda: column > limit,
        ">=": lambda: column >= limit,
    }
    return pairs[op]()


def _unquote(text: str) -> str:
    return json.loads(text) if text.startswith('"') else text


def _plain(value: Any) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


_PARSERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: int,
    bool: _boolean,
    UUID: UUID,
    date: date.fromisoformat,
    datetime: _instant,
}


def named_fields(paths: Sequence[str], editable: Sequence[str], message: str = "update_mask") -> list[str]:
    """Return the fields that an update mask names; all editable ones for an empty mask or `*`.

    Raises InvalidInput for a field that cannot be changed.
    """
    if not paths or list(paths) == ["*"]:
        return list(editable)
    unknown = [path for path in paths if path not in editable]
    if unknown:
        allowed = ", ".join(editable)
        raise InvalidInput(message, f"{', '.join(unknown)} cannot be changed here; name {allowed}", "MASK_INVALID")
    return list(paths)
