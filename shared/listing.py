"""Lists: filter, order, pages. One declaration per list, one statement per page.

Filters are read by `shared.filters`: `stage = "enquiry" AND create_time >= "2026-03-01"`, `owner_id = null`,
`grade in [a, b]`. Pages continue after the last row seen (keyset), so they cost the same however deep they are. A
page token is sealed and bound to its institution, filter and order.

    LISTING = Listing(Student, fields={"state": Field(Student.state)}, default_order="create_time desc")
    page = LISTING.page(tx, request, where=[Student.campus_id == campus_id])

A hot list gives `columns=[...]` (with the model's id and what it is ordered by) and gets named tuples.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Generic, Protocol, TypeVar, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, false, func, or_, select

from shared import aliases, filters
from shared.crypto import CannotOpen, open_from_bus, seal_for_bus
from shared.db import Tx
from shared.errors import InvalidInput

M = TypeVar("M")
Condition = ColumnElement[bool]
# Whether the leading column holds nulls only (None: it has none), and which values of the last row seen are null.
_Nulls = tuple[bool | None, tuple[bool, ...]]
DEFAULT_SIZE = 50
GREATEST_SIZE = 200
_MOST_ORDERS = 4
# An order by one field, and by the id.
_PLAIN_ORDER = 2
_MOST_STATEMENTS = 200
_BIGGEST = 2**63


class ListRequest(Protocol):
    """The fields that every list request has."""

    @property
    def page_size(self) -> int: ...
    @property
    def page_token(self) -> str: ...
    @property
    def filter(self) -> str: ...
    @property
    def order_by(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Field:
    """A field that callers may filter and (unless `sortable` is off) order by.

    `parse` turns the text of a filter into the column's value and raises ValueError for nonsense; by default it
    follows the column's type. Enum columns that store `enrolled` for STUDENT_STATE_ENROLLED give `prefix`. With
    `aliased`, an id finds the rows of all that are one with it (shared.aliases).
    """

    column: Any
    parse: Callable[[str], Any] | None = None
    prefix: str = ""
    sortable: bool = True
    aliased: bool = False

    def value(self, text: str) -> Any:
        """Return the value of a filter's text; raises ValueError."""
        if self.parse is not None:
            return self.parse(text)
        if self.prefix:
            return _text(text.removeprefix(self.prefix).lower())
        return _PARSERS[self.column.type.python_type](text)


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """One page; the token is empty on the last."""

    rows: Sequence[M]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class _Order:
    name: str
    descending: bool


@dataclass(slots=True)
class Listing(Generic[M]):
    """A list of a model's rows, or with `columns` of named tuples."""

    model: type[M]
    fields: Mapping[str, Field]
    default_order: str = "create_time desc"
    columns: Sequence[Any] = ()
    _statements: dict[object, Select[Any]] = field(default_factory=dict)

    def page(
        self,
        tx: Tx,
        request: ListRequest,
        where: Sequence[Condition] = (),
        *,
        usual: Sequence[Condition] = (),
        few: int = 0,
    ) -> Page[M]:
        """Return the page that a list request asks for.

        Behind row-level security the planner takes every list for short, and would read and sort all of a long one.
        With `few` it is told: up to so many rows are gathered and ordered, among more the index of the order is
        walked until the page is full. Each order by one field then needs an index, `columns` are given, and `where`
        should lie in indexes; `usual` are conditions that nearly every row meets, which are not counted.

        Raises InvalidInput naming what is wrong: FILTER_INVALID, ORDER_INVALID, PAGE_SIZE_INVALID, PAGE_TOKEN_INVALID.
        """
        size = _size(request.page_size)
        terms = filters.parse(request.filter)
        order = self._order(request.order_by or self.default_order)
        values = self._values(tx, terms) | {"me": tx.institution_id}
        bound = [self._table, request.filter, request.order_by, getattr(request, "search", "")]
        after = self._after(tx, request.page_token, order, bound)
        found: list[Any] = []
        weighed = few and len(order) == _PLAIN_ORDER
        gathered = self._gathered(tx, terms, where, values, few) if weighed else None
        walks = weighed and gathered is None
        shown = [*where, *usual] if gathered is None else [*where, *usual, gathered]
        for nulls, limits in self._stretches(order, after):
            statement = self._statement(terms, order, shown, nulls)
            given = {f"a{n}": value for n, value in enumerate(limits)} | {"size": size + 1 - len(found)}
            with tx.along_indexes() if walks else nullcontext():
                found += self._found(tx, statement, values | given)
            if len(found) > size:
                break
        rows = found[:size]
        return Page(rows, self._token(tx, rows[-1], order, bound) if len(found) > size else "")

    def check(self, tx: Tx, text: str, order_by: str = "") -> None:
        """Raise InvalidInput FILTER_INVALID or ORDER_INVALID unless a filter and an order can be asked for."""
        self._values(tx, filters.parse(text))
        self._order(order_by or self.default_order)

    def count(self, tx: Tx, text: str, where: Sequence[Condition] = (), *, most: int) -> int:
        """Return how many rows meet a filter; counting stops at `most`. Raises InvalidInput FILTER_INVALID."""
        terms = filters.parse(text)
        values = self._values(tx, terms) | {"me": tx.institution_id}
        return self._counted(tx, self._ids(terms, where), values, most)

    def _ids(self, terms: Sequence[filters.Term], where: Sequence[Condition]) -> Select[Any]:
        model: Any = self.model
        return self._filtered(select(model.id), terms).where(*where)

    def _counted(self, tx: Tx, ids: Select[Any], values: Mapping[str, Any], most: int) -> int:
        bounded = ids.limit(bindparam("size")).subquery()
        return int(tx.scalar(select(func.count()).select_from(bounded), {**values, "size": most}))

    def _gathered(
        self,
        tx: Tx,
        terms: Sequence[filters.Term],
        where: Sequence[Condition],
        values: Mapping[str, Any],
        few: int,
    ) -> Condition | None:
        """Return the condition that gathers the rows that meet a filter, or None where there are more than `few`."""
        ids = self._ids(terms, where)
        if not (terms or where) or self._counted(tx, ids, values, few + 1) > few:
            return None
        # An array is made before the rest is planned to be read: by these ids, whatever the order.
        model: Any = self.model
        return cast("Condition", model.id == func.any(func.array(ids.correlate(None).scalar_subquery())))

    def _stretches(self, order: tuple[_Order, ...], after: Sequence[Any]) -> Iterator[tuple[_Nulls, Sequence[Any]]]:
        """Yield the parts of a list, each as it lies in an index, with where to begin in it.

        Rows without a value in the leading column come last; one statement for both would read all before the page.
        """
        nulls = tuple(value is None for value in after)
        if not _nullable(self._column(order[0].name)):
            yield (None, nulls), after
            return
        if not after or after[0] is not None:
            yield (False, nulls), after
            nulls, after = (), ()
        yield (True, nulls), after

    def _found(self, tx: Tx, statement: Select[Any], values: Mapping[str, Any]) -> Sequence[Any]:
        return tx.execute(statement, values).all() if self.columns else tx.session.scalars(statement, values).all()

    @property
    def _table(self) -> str:
        return str(getattr(self.model, "__tablename__", ""))

    def _column(self, name: str) -> Any:
        return cast("Any", self.model).id if name == "id" else self.fields[name].column

    def _values(self, tx: Tx, terms: Sequence[filters.Term]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for number, term in enumerate(terms):
            known = self.fields.get(term.name)
            if known is None:
                names = ", ".join(sorted(self.fields))
                raise InvalidInput("filter", f"there is no field {term.name}; filter by {names}", "FILTER_INVALID")
            try:
                found = [known.value(text) for text in term.texts if text is not None]
            except (ValueError, KeyError, OverflowError):
                wrong = f"{term.name} cannot be {', '.join(str(text) for text in term.texts)[:60]!r}"
                raise InvalidInput("filter", wrong, "FILTER_INVALID") from None
            if found and _finds_family(known, term):
                values[f"v{number}"] = [each for value in found for each in aliases.family(tx, value)]
            elif found:
                values[f"v{number}"] = found if term.op == "in" else found[0]
        return values

    def _statement(
        self,
        terms: Sequence[filters.Term],
        order: tuple[_Order, ...],
        where: Sequence[Condition],
        nulls: _Nulls,
    ) -> Select[Any]:
        """Return the statement of this shape of list, made once; extra conditions are added to it each time."""
        shape = (tuple((term.name, term.op, term.texts == (None,)) for term in terms), order, nulls)
        statement = self._statements.get(shape)
        if statement is None:
            statement = self._build(terms, order, nulls)
            if len(self._statements) < _MOST_STATEMENTS:
                self._statements[shape] = statement
        return statement.where(*where) if where else statement

    def _build(self, terms: Sequence[filters.Term], order: tuple[_Order, ...], nulls: _Nulls) -> Select[Any]:
        model: Any = self.model
        statement = self._filtered(select(*self.columns) if self.columns else select(model), terms)
        leading_is_null, after = nulls
        first = self._column(order[0].name)
        if leading_is_null is not None:
            statement = statement.where(first.is_(None) if leading_is_null else first.is_not(None))
        if after:
            statement = statement.where(self._beyond(order, after))
        for number, part in enumerate(order):
            column = self._column(part.name)
            if number == 0 and leading_is_null:
                continue
            directed = column.desc() if part.descending else column.asc()
            # Only where it matters: an index of the plain order does not serve NULLS LAST.
            statement = statement.order_by(directed.nulls_last() if number and _nullable(column) else directed)
        return statement.limit(bindparam("size"))

    def _filtered(self, statement: Select[Any], terms: Sequence[filters.Term]) -> Select[Any]:
        model: Any = self.model
        statement = statement.where(model.institution_id == bindparam("me"))
        for number, term in enumerate(terms):
            statement = statement.where(_condition(self.fields[term.name], term, f"v{number}"))
        return statement

    def _beyond(self, order: tuple[_Order, ...], nulls: tuple[bool, ...]) -> Condition:
        """Return "behind the row :a0, :a1, ..." in this order, where nulls come last."""
        steps: list[Condition] = []
        same: list[Condition] = []
        for number, (part, is_null) in enumerate(zip(order, nulls, strict=True)):
            column = self._column(part.name)
            if is_null:
                same.append(column.is_(None))
                continue
            limit = bindparam(f"a{number}", type_=column.type)
            further = column < limit if part.descending else column > limit
            steps.append(and_(*same, or_(further, column.is_(None)) if number and _nullable(column) else further))
            same.append(column == limit)
        if nulls[0]:
            return or_(false(), *steps)
        # The redundant bound on the leading column lets the index start at the right place.
        first = self._column(order[0].name)
        start = bindparam("a0", type_=first.type)
        return and_(first <= start if order[0].descending else first >= start, or_(false(), *steps))

    def _order(self, text: str) -> tuple[_Order, ...]:
        parts: list[_Order] = []
        for part in text.split(","):
            name, *direction = part.split() or [""]
            known = self.fields.get(name)
            if known is None or not known.sortable or direction not in ([], ["asc"], ["desc"]):
                names = ", ".join(sorted(n for n, f in self.fields.items() if f.sortable))
                raise InvalidInput("order_by", f"cannot order by {part.strip()!r}; order by {names}", "ORDER_INVALID")
            parts.append(_Order(name, direction == ["desc"]))
        if len(parts) > _MOST_ORDERS:
            raise InvalidInput("order_by", f"order by at most {_MOST_ORDERS} fields", "ORDER_INVALID")
        return (*parts, _Order("id", parts[-1].descending))

    def _token(self, tx: Tx, row: Any, order: tuple[_Order, ...], bound: list[str]) -> str:
        values = [_plain(getattr(row, self._column(part.name).key)) for part in order]
        return seal_for_bus(tx.institution_id, json.dumps([bound, values]))

    def _after(self, tx: Tx, token: str, order: tuple[_Order, ...], bound: list[str]) -> list[Any]:
        if not token:
            return []
        try:
            was_bound, values = json.loads(open_from_bus(tx.institution_id, token))
        except (CannotOpen, ValueError, TypeError):
            wrong = "this is no page token of ours; start without one"
            raise InvalidInput("page_token", wrong, "PAGE_TOKEN_INVALID") from None
        if was_bound != bound or len(values) != len(order):
            wrong = "this page token belongs to another filter or order; start without one"
            raise InvalidInput("page_token", wrong, "PAGE_TOKEN_INVALID")
        kinds = [self._column(part.name).type.python_type for part in order]
        return [None if value is None else _PARSERS[kind](value) for kind, value in zip(kinds, values, strict=True)]


def _finds_family(known: Field, term: filters.Term) -> bool:
    return known.aliased and term.op in ("=", "in")


def _condition(known: Field, term: filters.Term, name: str) -> Condition:
    column = known.column
    if term.texts == (None,):
        return cast("Condition", column.is_(None) if term.op == "=" else column.is_not(None))
    if term.op == "in" or _finds_family(known, term):
        return cast("Condition", column.in_(bindparam(name, type_=column.type, expanding=True)))
    limit = bindparam(name, type_=column.type)
    pairs: dict[str, Callable[[], Condition]] = {
        "=": lambda: column == limit,
        # A row without a value differs from every value.
        "!=": lambda: column.is_distinct_from(limit) if _nullable(column) else column != limit,
        "<": lambda: column < limit,
        "<=": lambda: column <= limit,
        ">": lambda: column > limit,
        ">=": lambda: column >= limit,
    }
    return pairs[term.op]()


def _nullable(column: Any) -> bool:
    return bool(getattr(column.expression, "nullable", True))


def _size(asked: int) -> int:
    if not 0 <= asked <= GREATEST_SIZE:
        raise InvalidInput("page_size", f"a page has 1 to {GREATEST_SIZE} rows; 0: {DEFAULT_SIZE}", "PAGE_SIZE_INVALID")
    return asked or DEFAULT_SIZE


def _plain(value: Any) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _text(text: str) -> str:
    if "\0" in text:
        raise ValueError("PostgreSQL has no such character")
    return text


def _integer(text: str) -> int:
    number = int(text)
    if not -_BIGGEST <= number < _BIGGEST:
        raise ValueError("too big for a column")
    return number


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


_PARSERS: dict[Any, Callable[[str], Any]] = {
    str: _text,
    int: _integer,
    float: float,
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
