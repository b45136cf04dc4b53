"""RefundRuleService on the wire."""

from __future__ import annotations

from uuid import UUID

from lianxiao.billing.v1 import refund_pb2, refund_rule_pb2
from lianxiao.billing.v1 import refund_rule_service_pb2 as pb
from lianxiao.billing.v1 import refund_rule_service_pb2_grpc as pb_grpc
from services.billing.actions import contracts, refund_rules
from services.billing.models import RefundPolicy, RefundTerm
from services.billing.rules.refund_rules import AgreedTerms, CauseTerms, InterestRate, RefundRule
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, local_date, optional_date, optional_id, stored_word

_BASIS, _CAUSE, _INTEREST = refund_pb2.RefundBasis, refund_pb2.RefundCause, refund_rule_pb2.InterestKind


class RefundRuleService(Servicer, pb_grpc.RefundRuleServiceServicer):
    """Rules, rates, policies and agreed terms of refunds."""

    @query
    def ListRefundRules(self, _request: pb.ListRefundRulesRequest, tx: Tx) -> pb.ListRefundRulesResponse:
        rules = [_rule_to_pb(rule, key) for key, rule in refund_rules.every(tx)]
        return pb.ListRefundRulesResponse(refund_rules=rules, notice=refund_rules.notice())

    @command
    def SetRefundRule(self, request: pb.SetRefundRuleRequest, tx: Tx) -> pb.SetRefundRuleResponse:
        rule = _rule(request.refund_rule)
        row = refund_rules.put(tx, rule)
        return pb.SetRefundRuleResponse(refund_rule=_rule_to_pb(rule, row.id))

    @query
    def ListInterestRates(self, _request: pb.ListInterestRatesRequest, tx: Tx) -> pb.ListInterestRatesResponse:
        rates = [_rate_to_pb(rate, key) for key, rate in refund_rules.rates(tx)]
        return pb.ListInterestRatesResponse(interest_rates=rates)

    @command
    def SetInterestRate(self, request: pb.SetInterestRateRequest, tx: Tx) -> pb.SetInterestRateResponse:
        given = request.interest_rate
        rate = InterestRate(
            kind=stored_word(_INTEREST, given.kind, "interest_rate.kind"),
            basis_points=given.basis_points,
            effective_date=local_date(given.effective_date, "interest_rate.effective_date"),
            source=given.source,
        )
        row = refund_rules.put_rate(tx, rate)
        return pb.SetInterestRateResponse(interest_rate=_rate_to_pb(rate, row.id))

    @query
    def GetRefundPolicy(self, request: pb.GetRefundPolicyRequest, tx: Tx) -> pb.GetRefundPolicyResponse:
        row = refund_rules.policy(tx, optional_id(request.campus_id))
        return pb.GetRefundPolicyResponse(refund_policy=_policy_to_pb(row))

    @command
    def SetRefundPolicy(self, request: pb.SetRefundPolicyRequest, tx: Tx) -> pb.SetRefundPolicyResponse:
        given = request.refund_policy
        limit = given.chain_approval_from_fen if given.HasField("chain_approval_from_fen") else None
        row = refund_rules.set_policy(
            tx, campus_id=optional_id(given.campus_id), province=given.province, chain_approval_from_fen=limit
        )
        return pb.SetRefundPolicyResponse(refund_policy=_policy_to_pb(row))

    @query
    def GetRefundTerms(self, request: pb.GetRefundTermsRequest, tx: Tx) -> pb.GetRefundTermsResponse:
        contract = contracts.get(tx, as_uuid(request.contract_id))
        row = refund_rules.agreed(tx, contract.id)
        return pb.GetRefundTermsResponse(refund_terms=_terms_to_pb(row) if row else None)

    @command
    def SetRefundTerms(self, request: pb.SetRefundTermsRequest, tx: Tx) -> pb.SetRefundTermsResponse:
        given = request.refund_terms
        bases = {
            stored_word(_CAUSE, each.cause, "refund_terms.bases.cause"): stored_word(
                _BASIS, each.basis, "refund_terms.bases.basis"
            )
            for each in given.bases
        }
        if len(bases) < len(given.bases):
            raise InvalidInput("refund_terms.bases", "a cause is named twice")
        terms = AgreedTerms(bases, given.fee_fen, given.fee_basis_points, given.cooling_off_days)
        row = refund_rules.agree(tx, as_uuid(request.contract_id), terms)
        return pb.SetRefundTermsResponse(refund_terms=_terms_to_pb(row))


def _rule(given: refund_rule_pb2.RefundRule) -> RefundRule:
    causes = tuple(
        CauseTerms(
            stored_word(_CAUSE, each.cause, "refund_rule.causes.cause"),
            stored_word(_BASIS, each.basis, "refund_rule.causes.basis"),
            each.bears_fees,
            stored_word(_INTEREST, each.interest, "refund_rule.causes.interest") if each.interest else "",
        )
        for each in given.causes
    )
    return RefundRule(
        version=given.version,
        province=given.province,
        source=given.source,
        effective_date=local_date(given.effective_date, "refund_rule.effective_date"),
        causes=causes,
        cooling_off_days=given.cooling_off_days,
        day_count=given.day_count,
        least_age_years=given.least_age_years,
        full_age_years=given.full_age_years,
        end_date=optional_date(given, "end_date", "refund_rule."),
    )


def _rule_to_pb(rule: RefundRule, key: UUID | None) -> refund_rule_pb2.RefundRule:
    return refund_rule_pb2.RefundRule(
        refund_rule_id=id_text(key),
        version=rule.version,
        province=rule.province,
        source=rule.source,
        effective_date=date_pb(rule.effective_date),
        end_date=date_pb(rule.end_date),
        causes=[
            refund_rule_pb2.RefundCauseTerms(
                cause=enum_value(_CAUSE, each.cause),
                basis=enum_value(_BASIS, each.basis),
                bears_fees=each.bears_fees,
                interest=enum_value(_INTEREST, each.interest),
            )
            for each in rule.causes
        ],
        cooling_off_days=rule.cooling_off_days,
        day_count=rule.day_count,
        least_age_years=rule.least_age_years,
        full_age_years=rule.full_age_years,
    )


def _rate_to_pb(rate: InterestRate, key: UUID | None) -> refund_rule_pb2.InterestRate:
    return refund_rule_pb2.InterestRate(
        interest_rate_id=id_text(key),
        kind=enum_value(_INTEREST, rate.kind),
        basis_points=rate.basis_points,
        effective_date=date_pb(rate.effective_date),
        source=rate.source,
    )


def _policy_to_pb(row: RefundPolicy) -> refund_rule_pb2.RefundPolicy:
    return refund_rule_pb2.RefundPolicy(
        campus_id=id_text(row.campus_id), province=row.province, chain_approval_from_fen=row.chain_approval_from_fen
    )


def _terms_to_pb(row: RefundTerm) -> refund_rule_pb2.RefundTerms:
    return refund_rule_pb2.RefundTerms(
        contract_id=str(row.contract_id),
        bases=[
            refund_rule_pb2.AgreedBasis(cause=enum_value(_CAUSE, cause), basis=enum_value(_BASIS, basis))
            for cause, basis in row.bases.items()
        ],
        fee_fen=row.fee_fen,
        fee_basis_points=row.fee_basis_points,
        cooling_off_days=row.cooling_off_days,
    )
