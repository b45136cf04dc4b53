"""WeChat Pay and Alipay by their published protocols, against local ones that verify and sign as they do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from services.billing.actions import providers
from services.billing.actions.providers import Provider
from services.billing.actions.wechat_pay import WechatPay
from services.billing.rules import wechat_pay
from services.billing.rules.callbacks import CLOSED, PENDING, SUCCESS, Callback, Notice, fen, yuan
from services.billing.rules.provider_orders import Asked, ProviderFailed, Repayment
from shared.errors import DomainError, InvalidInput
from shared.ids import uuid7
from tests.billing import local_providers as local

NOW = datetime.now(UTC)
HERE = uuid7()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, local.Books]]:
    """Return the address and the books of the local providers, with accounts of one institution."""
    folder = tmp_path_factory.mktemp("accounts")
    with local.serving() as (address, books), pytest.MonkeyPatch.context() as patch:
        local.install(patch, folder, HERE, address)
        yield address, books


@pytest.fixture(params=["wechat", "alipay"])
def provider(served: tuple[str, local.Books], request: pytest.FixtureRequest) -> Iterator[tuple[Provider, local.Books]]:
    """Return each provider in turn, with no orders in its books."""
    books = served[1]
    books.orders.clear()
    yield providers.of(HERE, request.param), books
    books.unsigned = books.down = False


def asked(reference: str = "", amount_fen: int = 12345) -> Asked:
    return Asked(reference or uuid7().hex, amount_fen, "课时费", NOW + timedelta(hours=2))


def test_an_order_is_placed_paid_asked_about_and_given_back(provider: tuple[Provider, local.Books]) -> None:
    one, books = provider
    order = asked()
    assert one.query(order.reference).status == PENDING
    code = one.order(order)
    assert code.startswith(("weixin://wxpay/", "https://qr.alipay.com/"))
    assert one.order(order) == code
    assert books.orders[order.reference].amount == 12345
    assert one.query(order.reference).status == PENDING
    books.pay(order.reference, "T1")
    assert one.query(order.reference) == Notice("T1", order.reference, 12345, "CNY", SUCCESS)
    one.close(order.reference)
    assert one.query(order.reference).status == SUCCESS
    repayment = Repayment(order.reference, "R1", 45, 12345, "退费")
    assert {one.refund(repayment), one.refund(repayment)} <= {True, False}
    assert list(books.orders[order.reference].refunds) == ["R1"]


def test_an_order_that_nobody_paid_is_closed(provider: tuple[Provider, local.Books]) -> None:
    one, books = provider
    order = asked()
    one.order(order)
    one.close(order.reference)
    assert one.query(order.reference).status in {CLOSED, PENDING}
    one.close(uuid7().hex)
    assert books.orders[order.reference].state in {"CLOSED", "NOTPAY"}


def test_answers_that_the_provider_did_not_sign_count_for_nothing(provider: tuple[Provider, local.Books]) -> None:
    one, books = provider
    books.unsigned = True
    with pytest.raises(ProviderFailed, match="ANSWER_NOT_SIGNED"):
        one.order(asked())
    books.down = True
    with pytest.raises(ProviderFailed):
        one.query("x")


def test_a_statement_is_downloaded_and_compared_with_its_digest(provider: tuple[Provider, local.Books]) -> None:
    one, books = provider
    detail = "支付宝交易号,商户订单号\n".encode("gbk")
    books.bill = detail if isinstance(one, WechatPay) else local.archive(detail)
    assert one.bill(date(2026, 3, 1)) == detail


def test_wechat_pay_refuses_a_request_that_was_sent_before(served: tuple[str, local.Books]) -> None:
    address, _ = served
    mine = wechat_pay.account(local.wechat_account(address))
    target = f"/v3/pay/transactions/out-trade-no/none?mchid={local.MERCHANT}"
    signed = wechat_pay.authorization(mine, method="GET", target=target, body=b"", now=datetime.now(UTC), nonce="N1")
    answers = [httpx.get(address + target, headers={"authorization": signed}) for _ in range(2)]
    assert [answer.json()["code"] for answer in answers] == ["ORDER_NOT_EXIST", "SIGN_ERROR"]


def test_more_than_was_paid_is_not_given_back(served: tuple[str, local.Books]) -> None:
    one, order = providers.of(HERE, "wechat"), asked()
    one.order(order)
    served[1].pay(order.reference)
    with pytest.raises(ProviderFailed, match="NOT_ENOUGH"):
        one.refund(Repayment(order.reference, "R1", 12346, 12345, "退费"))


def test_without_keys_there_is_no_provider(served: tuple[str, local.Books]) -> None:
    assert served
    for institution_id, code in ((uuid7(), "wechat"), (uuid7(), "alipay"), (HERE, "unionpay"), (HERE, "sandbox")):
        with pytest.raises(InvalidInput) as refusal:
            providers.of(institution_id, code)
        assert refusal.value.reason == "PAYMENT_PROVIDER_UNKNOWN"


PAID = local.Order(300, "SUCCESS", "4200000001")
FORGED_WECHAT = {
    "by another key": ({"by": "merchant"}, "CALLBACK_SIGNATURE_WRONG"),
    "with an unknown serial": ({"serial": "PUB_KEY_ID_02"}, "CALLBACK_SIGNATURE_WRONG"),
    "six minutes ago": ({"when": NOW.timestamp() - 360}, "CALLBACK_OUTSIDE_WINDOW"),
    "sealed for another": ({"api_key": "f" * 32}, "CALLBACK_MALFORMED"),
}


def wechat_callback(content: dict[str, object], **how: object) -> Callback:
    body, parts = local.wechat_notice(content, **({"when": NOW.timestamp()} | how))  # type: ignore[arg-type]
    return Callback(body=body, **parts)


def test_a_notice_of_wechat_pay_is_verified_and_unsealed(served: tuple[str, local.Books]) -> None:
    assert served
    callback = wechat_callback(local.transaction("R1", PAID))
    assert providers.of(HERE, "wechat").notice(callback, NOW) == Notice("4200000001", "R1", 300, "CNY", SUCCESS)
    other = local.transaction("R1", PAID) | {"mchid": "1"}
    with pytest.raises(InvalidInput, match="another merchant"):
        providers.of(HERE, "wechat").notice(wechat_callback(other), NOW)


@pytest.mark.parametrize(("how", "reason"), FORGED_WECHAT.values(), ids=list(FORGED_WECHAT))
def test_a_forged_notice_of_wechat_pay_is_refused(
    served: tuple[str, local.Books], how: dict[str, object], reason: str
) -> None:
    assert served
    with pytest.raises(DomainError) as refusal:
        providers.of(HERE, "wechat").notice(wechat_callback(local.transaction("R1", PAID), **how), NOW)
    assert refusal.value.reason == reason


def test_a_notice_of_wechat_pay_that_was_touched_is_refused(served: tuple[str, local.Books]) -> None:
    assert served
    body, parts = local.wechat_notice(local.transaction("R1", PAID))
    for changed in (body + b" ", json.dumps(json.loads(body) | {"id": "x"}).encode()):
        with pytest.raises(DomainError, match="signature"):
            providers.of(HERE, "wechat").notice(Callback(body=changed, **parts), NOW)


def test_a_notice_of_alipay_is_verified_and_read(served: tuple[str, local.Books]) -> None:
    assert served
    one = providers.of(HERE, "alipay")
    body = local.alipay_notice("R1", PAID)
    assert one.notice(Callback(body), NOW) == Notice("4200000001", "R1", 300, "CNY", SUCCESS)
    closed = local.alipay_notice("R1", PAID, trade_status="TRADE_CLOSED")
    assert one.notice(Callback(closed), NOW).status == CLOSED
    for forged, reason in {
        body.replace(b"total_amount=3.00", b"total_amount=0.01"): "CALLBACK_SIGNATURE_WRONG",
        body + b"&total_amount=0.01": "CALLBACK_SIGNATURE_WRONG",
        body.replace(b"RSA2", b"RSA"): "CALLBACK_SIGNATURE_WRONG",
        local.alipay_notice("R1", PAID, by="application"): "CALLBACK_SIGNATURE_WRONG",
        local.alipay_notice("R1", PAID, app_id="2"): "CALLBACK_MALFORMED",
        local.alipay_notice("R1", PAID, total_amount="3.005"): "CALLBACK_MALFORMED",
        b"\xff": "CALLBACK_MALFORMED",
        b"no form": "CALLBACK_MALFORMED",
    }.items():
        with pytest.raises(DomainError) as refusal:
            one.notice(Callback(forged), NOW)
        assert refusal.value.reason == reason, forged


@pytest.mark.parametrize(
    ("text", "amount"), [("88.80", 8880), ("0.01", 1), ("1", 100), ("-12.3", -1230), (" 2.00 ", 200)]
)
def test_yuan_become_fen_exactly(text: str, amount: int) -> None:
    assert fen(text) == amount
    assert fen(yuan(amount)) == amount


@pytest.mark.parametrize("text", ["0.001", "1e-9", "", "twelve", "NaN", "Infinity"])
def test_parts_of_a_fen_and_no_numbers_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"fen|amount"):
        fen(text)
