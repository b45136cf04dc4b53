"""The chart of accounts: which title of the Chinese accounting standards each account of the books stands under.

The first four digits are the titles of the Application Guidance of the Accounting Standards for Business Enterprises
(企业会计准则——应用指南, Ministry of Finance, 2006, appendix 会计科目和主要账务处理); what follows the dot is our own
subdivision. Contract liabilities (CAS 14 of 2017) have no number there; 2203 is where prepaid tuition stood before.
An institution gives numbers and names of its own; the accounts themselves are fixed, for postings name them.
Money of every method of payment stands in one account, so that one stands under bank deposits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from services.billing.rules import postings

ASSET, LIABILITY, INCOME, EXPENSE = "asset", "liability", "income", "expense"
DEBIT, CREDIT = "debit", "credit"
CAMPUS, PARTY, LOT = "campus", "party", "lot"
# Four digits of the standard, then levels of two to four digits.
NUMBER = re.compile(r"^[1-9][0-9]{3}(\.[0-9]{2,4}){0,4}$")


class Title(NamedTuple):
    """One title: the account of the books, its number and names, and by what its balance is kept apart."""

    code: str
    number: str
    name_zh: str
    name_en: str
    category: str
    dimensions: tuple[str, ...] = (CAMPUS,)

    @property
    def normal_side(self) -> str:
        """On which side its balance stands as a rule."""
        return DEBIT if self.category in {ASSET, EXPENSE} else CREDIT

    def name(self, language: str) -> str:
        """Return its name in Chinese (`zh`) or English."""
        return self.name_zh if language == "zh" else self.name_en


class Own(NamedTuple):
    """What an institution calls a title."""

    number: str
    name_zh: str
    name_en: str


_BY_PARTY = (CAMPUS, PARTY)
SHIPPED = (
    Title(postings.CASH, "1002", "银行存款", "Cash at bank", ASSET),
    Title(postings.CUSTODY, "1012.01", "其他货币资金-学费监管户", "Cash in custody", ASSET, _BY_PARTY),
    Title(postings.INSTALMENT_RECEIVABLE, "1122.01", "应收账款-分期学费", "Instalments receivable", ASSET),
    Title(postings.RECEIVABLE, "1221.01", "其他应收款-校区往来", "Due from campuses", ASSET, _BY_PARTY),
    Title(postings.PARTY_RECEIVABLE, "1221.02", "其他应收款-应收追回提成", "Due from parties", ASSET, _BY_PARTY),
    Title(postings.OPENING_BALANCE, "1221.03", "其他应收款-期初结转", "Opening balances", ASSET),
    Title(postings.CONTRACT_LIABILITY, "2203", "合同负债", "Contract liability", LIABILITY, (CAMPUS, LOT)),
    Title(postings.PAYABLE, "2241.01", "其他应付款-校区往来", "Due to campuses", LIABILITY, _BY_PARTY),
    Title(postings.SPLIT_PAYABLE, "2241.02", "其他应付款-应付分成", "Split shares payable", LIABILITY, _BY_PARTY),
    Title(postings.UNAPPLIED_RECEIPTS, "2241.03", "其他应付款-待处理收款", "Unapplied receipts", LIABILITY),
    Title(postings.REFUND_PAYABLE, "2241.04", "其他应付款-应付退费", "Refunds payable", LIABILITY),
    Title(postings.WALLET, "2241.05", "其他应付款-电子钱包", "Wallets of families", LIABILITY, _BY_PARTY),
    Title(postings.REVENUE, "6001.01", "主营业务收入-课时收入", "Tuition revenue", INCOME),
    Title(postings.BREAKAGE_INCOME, "6001.02", "主营业务收入-过期课时", "Breakage income", INCOME),
    Title(postings.SPLIT_INCOME, "6051.01", "其他业务收入-分成收入", "Split income", INCOME),
    Title(postings.REFUND_FEE_INCOME, "6051.02", "其他业务收入-退费手续费", "Refund fee income", INCOME),
    Title(postings.FORFEIT_INCOME, "6301.01", "营业外收入-不予退还", "Forfeit income", INCOME),
    Title(postings.TEACHER_PAY_EXPENSE, "6401.01", "主营业务成本-课酬", "Teacher pay", EXPENSE),
    Title(postings.SPLIT_EXPENSE, "6601.01", "销售费用-分成支出", "Split expense", EXPENSE),
    Title(postings.COMMISSION_EXPENSE, "6601.02", "销售费用-提成", "Commission expense", EXPENSE),
    Title(postings.REFUND_INTEREST_EXPENSE, "6603.01", "财务费用-退费利息", "Refund interest expense", EXPENSE),
)
BY_CODE = {title.code: title for title in SHIPPED}


def applied(own: Mapping[str, Own]) -> list[Title]:
    """Return the chart with an institution's numbers and names, by number."""
    titles = (title._replace(**own[title.code]._asdict()) if title.code in own else title for title in SHIPPED)
    return sorted(titles, key=lambda title: (title.number, title.code))


def not_last_level(number: str, others: Iterable[str]) -> str | None:
    """Return the number of another title that is above or below this one; None when both can take postings.

    Accounting programs post to the last level only. Equal numbers are fine: then several accounts are one title.
    """
    return next((other for other in others if other.startswith(f"{number}.") or number.startswith(f"{other}.")), None)
