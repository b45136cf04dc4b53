"""Contract templates by version, contracts printed from them, quotes and receipts on paper."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, ProgrammingError

from services.billing.actions import contract_documents, contract_templates, contracts, prints, quotes, refund_rules
from services.billing.actions.pricing import Item
from services.billing.models import Contract, ContractDocument, ContractTemplate, Payment
from services.billing.rules.contract_templates import told_in
from services.billing.rules.refund_rules import AgreedTerms
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.ids import uuid7
from tests.billing import factories
from tests.billing.test_printing_rules import text_of

pytestmark = pytest.mark.usefixtures("postgres")

VALUES = {"guardian_name": "王芳", "student_name": "王小明"}
BODY = """# 培训合同
乙方：{guardian_name}，学员：{student_name}
{order_lines}
合计 {total_amount} 元（{total_in_words}）
{refund_terms}"""


def draft(tx: Tx) -> Contract:
    item = Item(uuid7(), 3000, 20000, 100, title="数学一对一")
    quote = quotes.create(tx, customer_id=uuid7(), campus_id=factories.campus(tx), items=[item])
    quotes.confirm(tx, quote.id)
    return contracts.create(tx, quote.id, gift_policy="diluted", expire_date=date(2027, 6, 30))


def template(tx: Tx, body: str = BODY) -> ContractTemplate:
    made = contract_templates.create(tx, code="math", name="培训合同", body=body)
    return contract_templates.publish(tx, made.id)


def test_a_new_version_retires_the_one_before(tx: Tx) -> None:
    first = template(tx)
    second = contract_templates.create(tx, code="math", name="培训合同", body=f"{BODY}\n新版")
    assert (first.version, first.state, second.version, second.state) == (1, "published", 2, "draft")
    with pytest.raises(Refused) as refusal:
        contract_documents.render(tx, draft(tx).id, second.id, VALUES)
    assert refusal.value.reason == "CONTRACT_TEMPLATE_NOT_PUBLISHED"
    for _ in range(2):
        contract_templates.publish(tx, second.id)
    assert (first.state, second.state) == ("retired", "published")
    with pytest.raises(Refused) as refusal:
        contract_templates.publish(tx, first.id)
    assert refusal.value.reason == "CONTRACT_TEMPLATE_RETIRED"


def test_an_unknown_variable_is_refused_when_the_text_is_published(tx: Tx) -> None:
    made = contract_templates.create(tx, code="math", name="培训合同", body="{price_of_gold}")
    with pytest.raises(InvalidInput) as refusal:
        contract_templates.publish(tx, made.id)
    assert refusal.value.reason == "TEMPLATE_VARIABLE_UNKNOWN"
    assert "price_of_gold" in str(refusal.value)
    assert made.state == "draft"


def test_a_contract_is_printed_once_for_the_same_values(tx: Tx) -> None:
    contract, text = draft(tx), template(tx)
    document = contract_documents.render(tx, contract.id, text.id, VALUES)
    assert contract_documents.render(tx, contract.id, text.id, VALUES).id == document.id
    other = contract_documents.render(tx, contract.id, text.id, VALUES | {"guardian_name": "王方"})
    assert other.sha256 != document.sha256
    printed = text_of(contract_documents.content(tx, document))
    for part in ("王芳", "王小明", "数学一对一", "30", "6,000.00", "陆仟元整", "按对乙方更有利"):
        assert part in printed
    # Names are nowhere in clear.
    assert "王芳".encode() not in bytes(document.inputs_sealed or b"")
    assert "王芳" in (ContractDocument.inputs.reveal(tx, document) or "")
    assert contract_documents.latest(tx, contract.id, "signed") is None


def test_the_shipped_example_prints_what_the_contract_holds(tx: Tx) -> None:
    contract = draft(tx)
    refund_rules.agree(tx, contract.id, AgreedTerms({"family": "list_price"}, cooling_off_days=7))
    (example,) = contract_templates.examples()
    text = template(tx, example.body)
    told = dict.fromkeys(told_in(text.body), "约定")
    document = contract_documents.render(tx, contract.id, text.id, told | {"custody_account": "6222 0001"})
    printed = text_of(contract_documents.content(tx, document))
    for part in ("2027年6月30日", "6222 0001", "7 日内", "Pudong", "31 课时", "赠送 1 课时"):
        assert part in printed


def test_a_signed_contract_is_fixed_and_its_files_stay(tx: Tx) -> None:
    contract, text = draft(tx), template(tx)
    contract_documents.render(tx, contract.id, text.id, VALUES)
    contracts.sign(tx, contract.id)
    with pytest.raises(Refused) as refusal:
        contract_documents.render(tx, contract.id, text.id, VALUES)
    assert refusal.value.reason == "CONTRACT_NOT_DRAFT"
    for statement, kind in (
        ("update contract set total_fen = 1", IntegrityError),
        ("update contract_document set sha256 = repeat('0', 64)", ProgrammingError),
        ("delete from contract_document", ProgrammingError),
    ):
        with pytest.raises(kind), tx.connection.begin_nested():
            tx.run(statement)
    assert tx.scalar(select(Contract.total_fen).where(Contract.id == contract.id)) == 600000


def test_quotes_and_receipts_are_printed_in_both_languages(tx: Tx) -> None:
    bought = factories.order(tx)
    factories.pay(tx, bought.order.id, 12345)
    payment = tx.session.scalars(select(Payment)).one()
    quote_id = contracts.quote_of(tx, contracts.get(tx, bought.order.contract_id)).id
    for language, quote_words, receipt_words in (
        (
            "zh",
            ("报价单", "6,000.00", "陆仟元整"),
            ("收款收据", "123.45", "壹佰贰拾叁元肆角伍分", "现金", "不作为发票"),
        ),
        ("en", ("Quote", "6,000.00", "confirmed"), ("Receipt", "123.45", "cash", "no invoice")),
    ):
        quote, receipt = prints.quote(tx, quote_id, language), prints.receipt(tx, payment.id, language)
        assert quote == prints.quote(tx, quote_id, language)
        assert [word for word in quote_words if word not in text_of(quote)] == []
        assert [word for word in receipt_words if word not in text_of(receipt)] == []
