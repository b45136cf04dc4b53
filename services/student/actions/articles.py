"""The knowledge base and the library of cases: written in versions, published, found (SV-06, SV-12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select

from services.student.models import Article, ArticleToken, ArticleVersion
from services.student.rules import article_tokens
from shared import public_links
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.listing import Field, Listing

DRAFT, PUBLISHED, WITHDRAWN = "draft", "published", "withdrawn"
FAMILY = "family"
_HELP = "help"
_MOST = 20
# Rare words weigh more; half of the words that stand anywhere are enough. Tokens are met by `=` alone, so that their
# index works under row-level security.
_MATCHES = """
with visible as (
  select a.id, a.kind, a.published_version, a.publish_time from article a
  where a.institution_id = %(institution)s and a.state = 'published'
    and (not %(family)s or a.visibility = 'family') and (%(kind)s = '' or a.kind = %(kind)s)),
hit as (
  select t.article_id, t.token, t.weight from article_token t join visible a on a.id = t.article_id
  where t.institution_id = %(institution)s and t.token = any(%(tokens)s::text[])),
rarity as (
  select h.token, ln(1 + (select count(*) from visible)::float8 / count(*)) as worth from hit h group by h.token),
ranked as (
  select h.article_id, count(*) as tokens, sum((1 + ln(h.weight)) * r.worth) as score
  from hit h join rarity r using (token) group by h.article_id)
select a.id, a.kind, a.publish_time, v.title, v.body, v.tags from visible a
join article_version v on v.institution_id = %(institution)s and v.article_id = a.id and v.number = a.published_version
left join ranked k on k.article_id = a.id
where (%(wanted)s = 0 or 2 * k.tokens >= (select count(*) from rarity)) and (%(tag)s = '' or %(tag)s = any(v.tags))
order by k.score * k.tokens desc nulls last, a.publish_time desc, a.id limit %(most)s"""
LISTING: Listing[Article] = Listing(
    Article,
    fields={
        "kind": Field(Article.kind, prefix="ARTICLE_KIND_", sortable=False),
        "visibility": Field(Article.visibility, prefix="ARTICLE_VISIBILITY_", sortable=False),
        "state": Field(Article.state, prefix="ARTICLE_STATE_", sortable=False),
        "create_time": Field(Article.create_time),
    },
)


@dataclass(frozen=True, slots=True)
class Text:
    """What an article says."""

    title: str
    body: str
    tags: tuple[str, ...] = ()


def create(tx: Tx, *, kind: str, visibility: str, text: Text) -> Article:
    """Write a draft. Raises CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    row = Article(kind=kind, visibility=visibility, state=DRAFT, version=0, published_version=0)
    tx.session.add(row)
    tx.session.flush()
    _keep(tx, row, text)
    return row


def revise(tx: Tx, article_id: UUID, text: Text) -> Article:
    """Write a new version; what is published stays. Raises CHAIN_SCOPE_NEEDED, NotFound."""
    tx.check_chain()
    row = tx.load(Article, "article", article_id, for_update=True)
    _keep(tx, row, text)
    return row


def publish(tx: Tx, article_id: UUID) -> Article:
    """Let the newest version be found. Raises CHAIN_SCOPE_NEEDED, NotFound."""
    tx.check_chain()
    row = tx.load(Article, "article", article_id, for_update=True)
    row.state, row.published_version, row.publish_time = PUBLISHED, row.version, tx.now
    tx.session.flush()
    said = newest(tx, row)
    _forget(tx, row)
    found = article_tokens.weights(said.title, said.body, said.tags)
    mine = {"institution_id": tx.institution_id, "article_id": row.id}
    if found:
        tx.execute(insert(ArticleToken), [mine | {"token": token, "weight": weight} for token, weight in found.items()])
    return row


def withdraw(tx: Tx, article_id: UUID) -> Article:
    """Let an article be found no more. Raises CHAIN_SCOPE_NEEDED, NotFound, Refused ARTICLE_NOT_PUBLISHED."""
    tx.check_chain()
    row = tx.load(Article, "article", article_id, for_update=True)
    if row.state != PUBLISHED:
        raise Refused("ARTICLE_NOT_PUBLISHED", "nobody finds this article")
    row.state, row.published_version = WITHDRAWN, 0
    tx.session.flush()
    _forget(tx, row)
    return row


def get(tx: Tx, article_id: UUID) -> Article:
    """Return an article; raises NotFound."""
    return tx.load(Article, "article", article_id)


def newest(tx: Tx, row: Article) -> ArticleVersion:
    """Return what an article says in its newest version."""
    mine = (ArticleVersion.article_id == row.id, ArticleVersion.number == row.version)
    return tx.session.scalars(select(ArticleVersion).where(*mine)).one()


def versions(tx: Tx, article_id: UUID) -> Sequence[ArticleVersion]:
    """Return what an article has said, the newest first; raises NotFound."""
    get(tx, article_id)
    query = select(ArticleVersion).where(ArticleVersion.article_id == article_id)
    return tx.session.scalars(query.order_by(ArticleVersion.number.desc())).all()


def matches(tx: Tx, text: str, *, kind: str = "", tag: str = "", family: bool = False) -> Sequence[Any]:
    """Return published articles that fit a text, the best first; without words the newest, and at most twenty."""
    tokens = article_tokens.asked(text)
    if text.strip() and not tokens:
        return []
    values = {"institution": str(tx.institution_id), "tokens": tokens, "wanted": len(tokens)}
    return tx.run(_MATCHES, values | {"kind": kind, "tag": tag, "family": family, "most": _MOST}).all()


def help_path(tx: Tx) -> str:
    """Return where families look things up, below the address of the gateway."""
    return public_links.path("publicArticles", tx.institution_id, _HELP, tx.institution_id)


def enter_help(tx: Tx, institution_id: UUID, token: str) -> None:
    """Enter the institution of a link for families; raises InvalidInput HELP_LINK_INVALID."""
    if public_links.key_in(institution_id, _HELP, token) != institution_id:
        raise InvalidInput("token", "this link is not complete; open it as it was sent", "HELP_LINK_INVALID")
    tx.enter(institution_id)


def _keep(tx: Tx, row: Article, text: Text) -> None:
    row.version += 1
    said = ArticleVersion(article_id=row.id, number=row.version, title=text.title, body=text.body)
    said.tags, said.staff_id = list(text.tags), tx.caller.subject_id
    tx.session.add(said)
    tx.session.flush()


def _forget(tx: Tx, row: Article) -> None:
    mine = (ArticleToken.institution_id == tx.institution_id, ArticleToken.article_id == row.id)
    tx.execute(delete(ArticleToken).where(*mine))
