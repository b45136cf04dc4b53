"""What law and contract say about a refund, as dated data: whose reason decides price, fees and interest.

The rules that are shipped are examples with their sources: a lawyer of the institution must check them before use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from shared.errors import InvalidInput, Refused
from shared.money import round_half_up

CONTRACT_PRICE = "contract_price"
LIST_PRICE = "list_price"
FULL = "full"

SCHOOL = "school"
MUTUAL = "mutual"
FAMILY = "family"
COOLING_OFF = "cooling_off"
VOID = "void"
OVERPAYMENT = "overpayment"
WALLET = "wallet"

LAW = "law"
CONTRACT = "contract"

LPR_AT_SIGNING = "lpr_1y"
DEPOSIT = "deposit_1y"
CUSTODY = "custody"

_CAUSES = (SCHOOL, MUTUAL, FAMILY, COOLING_OFF, VOID)
_MOST_TEXT = 200
_PER_YEAR = 10000


@dataclass(frozen=True, slots=True)
class CauseTerms:
    """What follows from a cause: the price of consumed hours, who bears agreed fees, which interest ("" for none)."""

    cause: str
    basis: str
    bears_fees: bool
    interest: str


@dataclass(frozen=True, slots=True)
class RefundRule:
    """A set of rules of a province ("" for the whole country); holds from its first to its last day, both included.

    Interest runs from the end of the contract by actual days over `day_count`. A payer younger than `least_age_years`
    cannot buy; one younger than `full_age_years` needs the consent of a guardian.
    """

    version: str
    province: str
    source: str
    effective_date: date
    causes: tuple[CauseTerms, ...]
    cooling_off_days: int
    day_count: int = 365
    least_age_years: int = 8
    full_age_years: int = 18
    end_date: date | None = None

    def of(self, cause: str) -> CauseTerms:
        """Return what follows from a cause; raises REFUND_RULE_MISSING where the set says nothing of it."""
        for terms in self.causes:
            if terms.cause == cause:
                return terms
        raise Refused("REFUND_RULE_MISSING", f"{self.version} says nothing of {cause}", cause=cause, day="")


@dataclass(frozen=True, slots=True)
class AgreedTerms:
    """What a contract says beside the law: prices by cause, fees in fen and of the balance, days to think it over."""

    bases: Mapping[str, str]
    fee_fen: int = 0
    fee_basis_points: int = 0
    cooling_off_days: int = 0


@dataclass(frozen=True, slots=True)
class InterestRate:
    """A yearly rate in basis points that holds from a day on, with its source."""

    kind: str
    basis_points: int
    effective_date: date
    source: str


def choose(rules: Iterable[RefundRule], *, province: str, day: date) -> RefundRule:
    """Return the rules for the day on which a contract ends: a province goes before the country, then the newest."""
    mine = [
        rule
        for rule in rules
        if rule.province in {"", province}
        and rule.effective_date <= day
        and (rule.end_date is None or day <= rule.end_date)
    ]
    if not mine:
        raise Refused("REFUND_RULE_MISSING", f"no refund rule holds on {day}", cause="", day=day.isoformat())
    return max(mine, key=lambda rule: (rule.province != "", rule.effective_date, rule.version))


def check(rule: RefundRule) -> None:
    """Raise InvalidInput for a set that misses a cause, says one twice, or has figures that cannot be."""
    wrong = []
    if sorted(terms.cause for terms in rule.causes) != sorted(_CAUSES):
        wrong.append(("refund_rule.causes", f"names each of {', '.join(_CAUSES)} once"))
    if rule.end_date is not None and rule.end_date < rule.effective_date:
        wrong.append(("refund_rule.end_date", "a rule ends on or after its first day"))
    if rule.least_age_years > rule.full_age_years:
        wrong.append(("refund_rule.least_age_years", "is at most the full age"))
    wrong += [
        (f"refund_rule.{name}", f"must have 1 to {_MOST_TEXT} characters")
        for name in ("version", "source")
        if not 1 <= len(getattr(rule, name).strip()) <= _MOST_TEXT
    ]
    if wrong:
        raise InvalidInput.of(wrong)


def check_void(rule: RefundRule, *, age_years: int, consented: bool) -> None:
    """Refuse to call a contract void whose payer could make it: article 10 of the interpretation.

    Void where the payer is younger than eight, or younger than eighteen without the consent of a guardian.
    """
    if age_years < rule.least_age_years or (age_years < rule.full_age_years and not consented):
        return
    raise Refused(
        "REFUND_CONTRACT_NOT_VOID",
        f"at {age_years} years, with consent: {consented}, the contract stands",
        age_years=age_years,
        full_age_years=rule.full_age_years,
    )


def rate_on(rates: Iterable[InterestRate], kind: str, day: date) -> InterestRate | None:
    """Return the rate of a kind that holds on a day."""
    known = [rate for rate in rates if rate.kind == kind and rate.effective_date <= day]
    return max(known, key=lambda rate: rate.effective_date, default=None)


def interest_fen(principal_fen: int, rate: InterestRate | None, days: int, day_count: int) -> int:
    """Return simple interest for actual days, rounded half up; articles 16 and 17 of the interpretation."""
    if rate is None or days <= 0:
        return 0
    return round_half_up(Fraction(principal_fen * rate.basis_points * days, _PER_YEAR * day_count))


def interest_kind(terms: CauseTerms, *, in_custody: bool) -> str:
    """Return which rate counts: money in custody earns what it really earned there."""
    return CUSTODY if in_custody and terms.interest else terms.interest


def terms_by_contract(rule: RefundRule, agreed: AgreedTerms, cause: str) -> CauseTerms:
    """Return what the contract says of a cause; where it is silent the law's price holds."""
    by_law = rule.of(cause)
    fees = cause in {MUTUAL, FAMILY}
    return CauseTerms(cause, agreed.bases.get(cause, by_law.basis), fees, by_law.interest)


def place(rule: RefundRule) -> Sequence[object]:
    """Return what a set is replaced by: another of the same province and first day."""
    return rule.province, rule.effective_date
