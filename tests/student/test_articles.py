"""The knowledge base: found in Chinese by whoever may, by the words that tell most, and only as published."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.student.v1 import article_pb2
from lianxiao.student.v1 import article_service_pb2 as pb
from lianxiao.student.v1.article_service_pb2_grpc import ArticleServiceStub
from services.student.actions import articles
from services.student.actions.articles import Text
from services.student.rules import article_tokens
from services.student.server import SERVICERS
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotAllowed, Refused
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving


def published(tx: Tx, title: str, body: str, *tags: str, visibility: str = "staff", kind: str = "faq") -> UUID:
    """Write an article and publish it."""
    row = articles.create(tx, kind=kind, visibility=visibility, text=Text(title, body, tags))
    return articles.publish(tx, row.id).id


def titles(tx: Tx, text: str, **more: object) -> list[str]:
    """Return what is found."""
    return [row.title for row in articles.matches(tx, text, **more)]  # type: ignore[arg-type]


def test_chinese_is_found_by_the_words_that_tell_most(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        published(tx, "如何申请退费", "退费按合同未消耗课时计算，三个工作日内到账。", "退费")
        published(tx, "如何请假", "请假需提前四小时；请假不扣课时。")
        published(tx, "课时有效期", "课时自激活起十二个月内有效，逾期不退费。")
        published(tx, "校区停车", "周末停车位紧张。")
        assert titles(tx, "退费怎么算") == ["如何申请退费", "课时有效期"]
        assert titles(tx, "请假会扣课时吗")[0] == "如何请假"
        assert titles(tx, "停车") == ["校区停车"]
        assert titles(tx, "假") == ["如何请假"], "one character alone"
        assert titles(tx, "火星移民") == []
        assert titles(tx, "！？") == []


def test_other_scripts_and_widths_are_found_too(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        published(tx, "KET考试报名", "报名用ＫＥＴ官网，费用见 Cambridge 页面。")
        assert titles(tx, "ket") == ["KET考试报名"]
        assert titles(tx, "CAMBRIDGE 费用") == ["KET考试报名"]


def test_a_draft_is_not_found_a_revision_not_before_it_is_published(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        row = articles.create(tx, kind="case", visibility="staff", text=Text("挽回一位家长", "及时回访", ("挽回",)))
        assert titles(tx, "挽回") == []
        with pytest.raises(Refused):
            articles.withdraw(tx, row.id)
        articles.publish(tx, row.id)
        articles.revise(tx, row.id, Text("留住一位家长", "及时回访"))
        assert titles(tx, "挽回", kind="case", tag="挽回") == ["挽回一位家长"]
        assert titles(tx, "挽回", kind="faq") == []
        articles.publish(tx, row.id)
        assert (titles(tx, "挽回"), titles(tx, "留住")) == ([], ["留住一位家长"])
        articles.withdraw(tx, row.id)
        assert titles(tx, "留住") == []
        assert [each.title for each in articles.versions(tx, row.id)] == ["留住一位家长", "挽回一位家长"]


def test_families_find_only_what_is_for_them_and_other_chains_nothing(
    database: Database, caller: Caller, institution: UUID
) -> None:
    with database.begin(caller) as tx:
        published(tx, "退费流程", "公开", visibility="family")
        published(tx, "退费谈判口径", "内部")
        assert titles(tx, "退费", family=True) == ["退费流程"]
        assert titles(tx, "", family=True) == ["退费流程"]
    with database.begin(staff(uuid7())) as tx:
        assert titles(tx, "退费") == []
    with database.begin(staff(institution), scope=Scope(frozenset({uuid7()}))) as tx, pytest.raises(NotAllowed):
        published(tx, "本校", "文字")


def test_tokens_are_met_by_their_index_under_row_level_security(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        for number in range(40):
            published(tx, f"第{number}篇", "各种内容" * 30)
        tx.run("set local enable_seqscan = off")
        values = (str(tx.institution_id), ["退费"])
        plan = tx.run(
            "explain select article_id from article_token where institution_id = %s and token = any(%s::text[])", values
        )
        text = "\n".join(row[0] for row in plan)
        assert "Index Cond" in text
        assert "token = ANY" in text.split("Index Cond", 1)[1].split("\n", 1)[0]


@given(st.text(alphabet="退费请假课时ABC12 ，。", min_size=1, max_size=20))
def test_whatever_is_written_is_found_by_any_part_of_it(text: str) -> None:
    kept = article_tokens.weights(text, "", ())
    assert set(article_tokens.asked(text)) <= set(kept)


def test_a_link_for_families_opens_their_institution_only(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        token = articles.help_path(tx).rsplit("/", 1)[1]
        articles.enter_help(tx, tx.institution_id, token)
        for institution_id, wrong in ((tx.institution_id, "x"), (uuid7(), token)):
            with pytest.raises(InvalidInput):
                articles.enter_help(tx, institution_id, wrong)


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve student for this module."""
    with serving("student", SERVICERS, database) as running:
        yield running


def test_an_article_is_written_published_and_found_over_the_wire(wire: Wire, institution: UUID) -> None:
    stub, signed = ArticleServiceStub(wire.channel), Wire.metadata(staff(institution))
    asked = article_pb2.Article(
        kind="ARTICLE_KIND_FAQ",
        visibility="ARTICLE_VISIBILITY_FAMILY",
        title="开学时间",
        body="九月一日开学",
        tags=["日程"],
    )
    made = stub.CreateArticle(pb.CreateArticleRequest(article=asked), metadata=signed).article
    stub.PublishArticle(pb.PublishArticleRequest(article_id=made.article_id), metadata=signed)
    again = pb.ReviseArticleRequest(article_id=made.article_id, title="开学时间", body="九月二日开学")
    assert stub.ReviseArticle(again, metadata=signed).article.version == 2
    looking = pb.ListArticleMatchesRequest(text="什么时候开学", tag="日程")
    [match] = stub.ListArticleMatches(looking, metadata=signed).matches
    assert match.body == "九月一日开学"
    token = stub.GetHelpLink(pb.GetHelpLinkRequest(), metadata=signed).path.rsplit("/", 1)[1]
    link = {"institution_id": str(institution), "token": token}
    [open_to_all] = stub.ListPublicArticles(pb.ListPublicArticlesRequest(**link, text="开学")).matches
    assert open_to_all.article_id == made.article_id
    with pytest.raises(grpc.RpcError) as caught:
        stub.ListPublicArticles(pb.ListPublicArticlesRequest(institution_id=str(institution), token="x"))
    assert refusal(caught.value) == ("INVALID_ARGUMENT", "HELP_LINK_INVALID")
