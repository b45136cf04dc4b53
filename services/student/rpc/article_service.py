"""ArticleService on the wire."""

from __future__ import annotations

from typing import Any

from lianxiao.student.v1 import article_pb2
from lianxiao.student.v1 import article_service_pb2 as pb
from lianxiao.student.v1 import article_service_pb2_grpc as pb_grpc
from services.student.actions import articles
from services.student.actions.articles import Text
from services.student.models import Article
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, stored_word


class ArticleService(Servicer, pb_grpc.ArticleServiceServicer):
    """What staff and families look up."""

    @command
    def CreateArticle(self, request: pb.CreateArticleRequest, tx: Tx) -> pb.CreateArticleResponse:
        given = request.article
        row = articles.create(
            tx,
            kind=stored_word(article_pb2.ArticleKind, given.kind, "article.kind"),
            visibility=stored_word(article_pb2.ArticleVisibility, given.visibility, "article.visibility"),
            text=Text(given.title, given.body, tuple(given.tags)),
        )
        return pb.CreateArticleResponse(article=to_pb(tx, row))

    @command
    def ReviseArticle(self, request: pb.ReviseArticleRequest, tx: Tx) -> pb.ReviseArticleResponse:
        text = Text(request.title, request.body, tuple(request.tags))
        return pb.ReviseArticleResponse(article=to_pb(tx, articles.revise(tx, as_uuid(request.article_id), text)))

    @command
    def PublishArticle(self, request: pb.PublishArticleRequest, tx: Tx) -> pb.PublishArticleResponse:
        return pb.PublishArticleResponse(article=to_pb(tx, articles.publish(tx, as_uuid(request.article_id))))

    @command
    def WithdrawArticle(self, request: pb.WithdrawArticleRequest, tx: Tx) -> pb.WithdrawArticleResponse:
        return pb.WithdrawArticleResponse(article=to_pb(tx, articles.withdraw(tx, as_uuid(request.article_id))))

    @query
    def GetArticle(self, request: pb.GetArticleRequest, tx: Tx) -> pb.GetArticleResponse:
        return pb.GetArticleResponse(article=to_pb(tx, articles.get(tx, as_uuid(request.article_id))))

    @query
    def ListArticles(self, request: pb.ListArticlesRequest, tx: Tx) -> pb.ListArticlesResponse:
        page = articles.LISTING.page(tx, request)
        rows = [to_pb(tx, row) for row in page.rows]
        return pb.ListArticlesResponse(articles=rows, next_page_token=page.next_page_token)

    @query
    def ListArticleVersions(self, request: pb.ListArticleVersionsRequest, tx: Tx) -> pb.ListArticleVersionsResponse:
        found = [
            article_pb2.ArticleVersion(
                version=row.number,
                title=row.title,
                body=row.body,
                tags=row.tags,
                staff_id=id_text(row.staff_id),
                create_time=row.create_time,
            )
            for row in articles.versions(tx, as_uuid(request.article_id))
        ]
        return pb.ListArticleVersionsResponse(versions=found)

    @query
    def ListArticleMatches(self, request: pb.ListArticleMatchesRequest, tx: Tx) -> pb.ListArticleMatchesResponse:
        kind = stored_word(article_pb2.ArticleKind, request.kind, "kind") if request.kind else ""
        found = articles.matches(tx, request.text, kind=kind, tag=request.tag)
        return pb.ListArticleMatchesResponse(matches=[_match_to_pb(row) for row in found])

    @query
    def GetHelpLink(self, request: pb.GetHelpLinkRequest, tx: Tx) -> pb.GetHelpLinkResponse:
        del request
        return pb.GetHelpLinkResponse(path=articles.help_path(tx))

    @query
    def ListPublicArticles(self, request: pb.ListPublicArticlesRequest, tx: Tx) -> pb.ListPublicArticlesResponse:
        articles.enter_help(tx, as_uuid(request.institution_id), request.token)
        found = articles.matches(tx, request.text, family=True)
        return pb.ListPublicArticlesResponse(matches=[_match_to_pb(row) for row in found])


def to_pb(tx: Tx, row: Article) -> article_pb2.Article:
    """Return an article as its newest version says."""
    said = articles.newest(tx, row)
    return article_pb2.Article(
        article_id=str(row.id),
        kind=enum_value(article_pb2.ArticleKind, row.kind),
        visibility=enum_value(article_pb2.ArticleVisibility, row.visibility),
        title=said.title,
        body=said.body,
        tags=said.tags,
        state=enum_value(article_pb2.ArticleState, row.state),
        version=row.version,
        published_version=row.published_version,
        publish_time=row.publish_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _match_to_pb(row: Any) -> article_pb2.ArticleMatch:
    return article_pb2.ArticleMatch(
        article_id=str(row.id),
        kind=enum_value(article_pb2.ArticleKind, row.kind),
        title=row.title,
        body=row.body,
        tags=row.tags,
        publish_time=row.publish_time,
    )
