"""What staff and families may look up."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.student.models.base import Base
from shared.tables import Row


class Article(Row, Base):
    """An answer or a case; `published_version` is what is found, 0 for none."""

    __tablename__ = "article"

    kind: Mapped[str]
    visibility: Mapped[str]
    state: Mapped[str]
    version: Mapped[int]
    published_version: Mapped[int]
    publish_time: Mapped[datetime | None]


class ArticleVersion(Row, Base):
    """What an article said; never edited."""

    __tablename__ = "article_version"

    article_id: Mapped[UUID]
    number: Mapped[int]
    title: Mapped[str]
    body: Mapped[str]
    tags: Mapped[list[str]]
    staff_id: Mapped[UUID]


class ArticleToken(Base):
    """What a published article is found by, and how much it weighs there."""

    __tablename__ = "article_token"

    institution_id: Mapped[UUID] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(primary_key=True)
    article_id: Mapped[UUID] = mapped_column(primary_key=True)
    weight: Mapped[int]
