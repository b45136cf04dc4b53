"""Who is turned away: every RPC, by every way in, for everybody who should not be there.

The rows of this matrix are the descriptors: a new RPC is in it without anybody writing a test.
"""

from __future__ import annotations

import importlib
from typing import Any

import protovalidate
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

from services.org.rules.roles import BUILT_IN
from shared.caller import Grant
from shared.endpoints import PUBLIC, SIGNED_IN, endpoints
from tests.contract import rpcs
from tests.contract.conftest import Whole
from tests.contract.naming import every_service
from tests.contract.requests import Requests, ids_in
from tests.contract.rows import Rows, changed
from tests.contract.rpcs import Rpc
from tests.contract.wires import Answer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

RPCS = rpcs.every()
STRANGERS = ("no token", "expired token", "lower role", "partner without scope")
DENIALS = {"UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND"}
EXPECTED = {
    "no token": {"UNAUTHENTICATED"},
    "expired token": {"UNAUTHENTICATED"},
    "lower role": {"PERMISSION_DENIED"},
    "partner without scope": {"PERMISSION_DENIED"},
}
# Permissions that no RPC asks for: they say what a reply shows.
OF_FIELDS = {"pii.read"}
each_rpc = pytest.mark.parametrize("rpc", RPCS, ids=[rpc.name for rpc in RPCS])


@pytest.fixture(scope="module")
def before(whole: Whole) -> Rows:
    """Return all rows of A before anybody knocks."""
    return whole.rows.rows(whole.cast.admin.institution_id)


@pytest.fixture(scope="module")
def said() -> dict[str, set[str]]:
    """Return the ids that a caller has sent so far: to hear them again tells nothing."""
    return {"foreign": set(), "beside": set()}


def request_for(whole: Whole, rpc: Rpc) -> Any:
    """Return a valid request full of A's ids."""
    pool = whole.seen.pool(whole.chain, whole.cast.admin.institution_id)
    return Requests(pool).make(rpc.method.request)


def leaks(answer: Answer, secrets: frozenset[str], known: set[str]) -> list[str]:
    """Return what an answer tells that the caller did not bring along."""
    return [text for text in secrets - known if text in answer.text]


@each_rpc
def test_strangers_are_turned_away(whole: Whole, before: Rows, rpc: Rpc) -> None:
    assert before
    for stranger, token in whole.cast.strangers().items():
        for channel in rpc.channels:
            request = request_for(whole, rpc)
            answer = whole.wires.call(channel, rpc, request, token(rpc))
            who = f"{stranger} by {channel}: {answer.code} {answer.reason}"
            assert not leaks(answer, whole.seen.secret, ids_in(request)), who
            if rpc.permission == PUBLIC:
                assert not answer.is_ok, who
            elif rpc.permission == SIGNED_IN and stranger in {"lower role", "partner without scope"}:
                assert answer.is_ok or answer.code in DENIALS | {"RESOURCE_EXHAUSTED", "429"}, who
            else:
                assert answer.code in EXPECTED[stranger], who


@each_rpc
def test_another_institution_finds_nothing(whole: Whole, before: Rows, said: dict[str, set[str]], rpc: Rpc) -> None:
    assert before
    knock(whole, rpc, whole.cast.foreign, whole.seen.secret, said["foreign"], like_nobody=True)


def test_the_rows_of_the_institution_are_untouched(whole: Whole, before: Rows) -> None:
    assert changed(before, whole.rows.rows(whole.cast.admin.institution_id)) == {}


@each_rpc
def test_another_campus_finds_nothing(whole: Whole, before: Rows, said: dict[str, set[str]], rpc: Rpc) -> None:
    assert before
    knock(whole, rpc, whole.cast.beside, whole.seen.bound, said["beside"], like_nobody=False)


def test_the_rows_of_the_other_campuses_are_untouched(whole: Whole, before: Rows) -> None:
    assert changed(before, whole.rows.rows(whole.cast.admin.institution_id)) == {}


def knock(whole: Whole, rpc: Rpc, token: Any, secrets: frozenset[str], known: set[str], *, like_nobody: bool) -> None:
    """Call by every way; what comes back is a refusal, tells nothing, or is what ids that nobody has would get."""
    for channel in rpc.channels:
        request = request_for(whole, rpc)
        sent = ids_in(request)
        known |= sent
        answer = whole.wires.call(channel, rpc, request, token())
        who = f"{channel}: {answer.code} {answer.reason} {answer.text[:300]}"
        assert not leaks(answer, secrets, known), who
        if answer.is_ok:
            # A list of one's own, a new row of one's own, or what belongs to the whole chain: anything but a subject.
            touched = rpc.method.endpoint.subject_field and (like_nobody or sent & whole.seen.bound)
            if not touched:
                continue
        elif answer.code in DENIALS and (channel == "rest" or not like_nobody):
            continue
        assert nobodys(whole, rpc, token, channel).code == answer.code, who


def nobodys(whole: Whole, rpc: Rpc, token: Any, channel: str) -> Answer:
    """Return the answer to the same request with ids that nobody has."""
    return whole.wires.call(channel, rpc, Requests().make(rpc.method.request), token())


def test_the_matrix_is_large_enough(record_testsuite_property: Any) -> None:
    ways = sum(len(rpc.channels) for rpc in RPCS)
    strangers = ways * len(STRANGERS)
    neighbours = ways * 2
    record_testsuite_property("authorization_rpcs", len(RPCS))
    record_testsuite_property("authorization_cases", strangers + neighbours)
    assert strangers + neighbours >= 1000


def test_the_matrix_has_the_people_that_it_names(whole: Whole) -> None:
    assert tuple(whole.cast.strangers()) == STRANGERS


def test_insiders_are_let_in(whole: Whole) -> None:
    """Without this, a system that refuses everybody would pass."""
    answers = {}
    for rpc in RPCS:
        if rpc.method.endpoint.is_query and rpc.permission not in {PUBLIC, SIGNED_IN}:
            answer = whole.wires.call("partner", rpc, request_for(whole, rpc), whole.cast.insider())
            answers[rpc.name] = answer.code
    refused = {name for name, code in answers.items() if code in {"UNAUTHENTICATED", "PERMISSION_DENIED"}}
    assert refused == set()
    others = {name: code for name, code in answers.items() if code != "OK"}
    assert len(others) <= 0.1 * len(answers), " ".join(f"{name}:{code}" for name, code in sorted(others.items()))


def test_every_request_is_valid_by_its_rules() -> None:
    validator = protovalidate.Validator()
    wrong = {rpc.name: validator.collect_violations(Requests().make(rpc.method.request)) for rpc in RPCS}
    assert {name: violations for name, violations in wrong.items() if violations} == {}


def test_every_rpc_that_a_server_offers_is_in_the_matrix() -> None:
    offered = set()
    for service in every_service():
        for add, _ in importlib.import_module(f"services.{service}.server").SERVICERS:
            module = importlib.import_module(add.__module__.removesuffix("_grpc"))
            name = add.__name__.removeprefix("add_").removesuffix("Servicer_to_server")
            offered |= set(endpoints(module.DESCRIPTOR.services_by_name[name]))
    assert {rpc.method.endpoint.path for rpc in RPCS} == offered


def test_an_rpc_without_a_permission_keeps_its_server_from_starting() -> None:
    file = descriptor_pb2.FileDescriptorProto(name="planted.proto", package="lianxiao.planted.v1", syntax="proto3")
    file.message_type.add(name="Nothing")
    nothing = ".lianxiao.planted.v1.Nothing"
    service = file.service.add(name="PlantedService")
    service.method.add(name="DoAnything", input_type=nothing, output_type=nothing)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    with pytest.raises(SystemExit, match="DoAnything has no"):
        endpoints(pool.FindServiceByName("lianxiao.planted.v1.PlantedService"))


def test_every_rpc_has_a_route_and_says_whether_it_reads() -> None:
    streams = [rpc.name for rpc in RPCS if rpc.method.endpoint.acknowledgement is not None]
    assert [rpc.name for rpc in RPCS if not rpc.method.rules] == streams
    names = ("Get", "List", "Preview", "Resolve")
    reading = {rpc.name for rpc in RPCS if rpc.method.endpoint.name.startswith(names)}
    queries = {rpc.name for rpc in RPCS if rpc.method.endpoint.is_query}
    assert queries <= reading
    assert reading - queries == {"lead.ResolveDuplicate", "billing.ResolveAmountMismatch"}


def test_teachers_see_no_price_and_their_own_pay_alone_and_advisors_no_pay() -> None:
    roles = {role.code: role for role in BUILT_IN}
    prices = {"price.read", "quote.read", "order.read", "payment.read", "split.read", "split_rule.read"}
    plans = {name for name in rpcs.permissions() if name.startswith("pay_plan.")}
    assert len(plans) == 3
    for code, hidden in (("teacher", prices | plans), ("course_advisor", {"pay.read"} | plans)):
        grant = Grant(roles[code].permissions)
        assert {name for name in hidden if grant.covers(name)} == set()
    assert roles["teacher"].scope == "own"


def test_built_in_roles_name_permissions_that_exist() -> None:
    known = rpcs.permissions() | OF_FIELDS
    named = {(role.code, pattern) for role in BUILT_IN for pattern in role.permissions}
    unknown = {
        (role, pattern) for role, pattern in named if not any(Grant((pattern,)).covers(wanted) for wanted in known)
    }
    assert unknown == set()
