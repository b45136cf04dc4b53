"""Blocks of text as PDF, the same bytes for the same blocks.

The font is one of the standard fonts of Adobe's Asian font packs: readers bring it along, files stay small. It shows
the characters of GBK; a text with others is refused rather than printed with holes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from html import escape
from typing import Any

from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Paragraph as Flowing
from reportlab.platypus import SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from shared.errors import InvalidInput

MEDIA_TYPE = "application/pdf"
_FONT = "STSong-Light"
_MARGIN = 20 * mm
_FOOT = 10 * mm
# What printers set in place of a character that they do not have.
_GETA = "〓"
_LABEL_WIDTH, _BAR_WIDTH, _BAR_STEP, _BAR_HEIGHT, _BAR_GAP = 45 * mm, 75 * mm, 16, 9, 4
_GROUND, _INK, _MARK = HexColor("#e8ecf1"), HexColor("#2f6fb5"), HexColor("#d9822b")
_SIDES = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), _MARGIN)


@dataclass(frozen=True, slots=True)
class Title:
    """The first line."""

    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text that wraps."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, the head first."""

    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of `Bars`: shares in basis points; `beside` is what it is compared with, `text` is written behind it."""

    label: str
    share: int
    text: str
    beside: int | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart of shares of a whole; a thin line marks what each is compared with."""

    bars: tuple[Bar, ...]


Block = Title | Heading | Paragraph | Table | Bars


def pdf(title: str, blocks: Sequence[Block], *, foot: str) -> bytes:
    """Return A4 pages with `foot` and the number below each. Raises InvalidInput PRINT_CHARACTER_UNKNOWN."""
    check([title, *(text for block in blocks for text in _texts(block))])
    out = io.BytesIO()
    document = SimpleDocTemplate(out, pagesize=A4, title=title, invariant=1, **_SIDES)
    number = partial(_number, foot)
    document.build([part for block in blocks for part in _flow(block)], onFirstPage=number, onLaterPages=number)
    return out.getvalue()


def check(texts: Iterable[str]) -> None:
    """Raise InvalidInput PRINT_CHARACTER_UNKNOWN with the first character that the font does not show."""
    for character in sorted(set().union(*texts)):
        if not _is_shown(character):
            code = f"U+{ord(character):04X}"
            raise InvalidInput("values", f"{code} cannot be printed", "PRINT_CHARACTER_UNKNOWN", character=code)


def shown(text: str) -> str:
    """Return a text that may not be refused, with the geta mark (〓) in place of what the font does not show."""
    return "".join(each if each.isspace() or _is_shown(each) else _GETA for each in text)


def _texts(block: Block) -> Iterable[str]:
    if isinstance(block, Table):
        return [cell for row in block.rows for cell in row]
    if isinstance(block, Bars):
        return [text for bar in block.bars for text in (bar.label, bar.text)]
    return [block.text]


def _number(foot: str, canvas: Any, document: Any) -> None:
    _styles()
    canvas.setFont(_FONT, 8)
    canvas.drawString(_MARGIN, _FOOT, foot)
    canvas.drawRightString(A4[0] - _MARGIN, _FOOT, str(document.page))


def _flow(block: Block) -> list[Any]:
    styles = _styles()
    if isinstance(block, Table):
        return [_grid(block, styles["cell"]), Spacer(1, 4)]
    if isinstance(block, Bars):
        return [_drawing(block), Spacer(1, 4)]
    kind = {Title: "title", Heading: "heading", Paragraph: "body"}[type(block)]
    return [Flowing(escape(block.text), styles[kind])]


def _grid(block: Table, style: Any) -> Any:
    width = (A4[0] - 2 * _MARGIN) / max(len(row) for row in block.rows)
    cells = [[Flowing(escape(cell), style) for cell in row] for row in block.rows]
    lines = [("GRID", (0, 0), (-1, -1), 0.5, (0, 0, 0)), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    return Grid(cells, colWidths=[width] * len(block.rows[0]), style=lines, repeatRows=1)


def _drawing(block: Bars) -> Drawing:
    """Return horizontal bars in the order given, each with its label before and its text behind it."""
    drawing = Drawing(A4[0] - 2 * _MARGIN, _BAR_STEP * len(block.bars))
    for number, bar in enumerate(block.bars):
        low = _BAR_STEP * (len(block.bars) - 1 - number) + _BAR_GAP
        drawing.add(_label(_LABEL_WIDTH - _BAR_GAP, low, bar.label, "end"))
        drawing.add(Rect(_LABEL_WIDTH, low, _BAR_WIDTH, _BAR_HEIGHT, fillColor=_GROUND, strokeColor=None))
        length = _BAR_WIDTH * bar.share / 10_000
        drawing.add(Rect(_LABEL_WIDTH, low, length, _BAR_HEIGHT, fillColor=_INK, strokeColor=None))
        if bar.beside is not None:
            place = _LABEL_WIDTH + _BAR_WIDTH * bar.beside / 10_000
            drawing.add(Line(place, low - 2, place, low + _BAR_HEIGHT + 2, strokeColor=_MARK, strokeWidth=1.5))
        drawing.add(_label(_LABEL_WIDTH + _BAR_WIDTH + _BAR_GAP, low, bar.text, "start"))
    return drawing


def _label(x: float, low: float, text: str, anchor: str) -> String:
    return String(x, low + 1.5, text, fontName=_FONT, fontSize=9, textAnchor=anchor)


@cache
def _styles() -> dict[str, ParagraphStyle]:
    """Return the styles; the font is registered with the first use, not with the import."""
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    body = ParagraphStyle("body", fontName=_FONT, fontSize=10.5, leading=17, wordWrap="CJK")
    return {
        "body": body,
        "cell": ParagraphStyle("cell", parent=body, fontSize=9, leading=12),
        "heading": ParagraphStyle("heading", parent=body, fontSize=12, leading=20, spaceBefore=6),
        "title": ParagraphStyle("title", parent=body, fontSize=16, leading=26, alignment=TA_CENTER, spaceAfter=8),
    }


def _is_shown(character: str) -> bool:
    if not character.isprintable():
        return character == "\u3000"
    try:
        character.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True
