"""Each house rule is shown what it must catch and what it must let pass."""

from __future__ import annotations

import pytest

from tools.lint import RULES, findings, migrations_in_one_line, same_readme_headings
from tools.sources import Source

SLEEP = "time." + "sleep(1)"  # this file is a test as well, and holds itself to the rules
LONG = "\n".join(["x = 1"] * 401)
LONG_FUNCTION = "def f():\n" + "\n".join(["    x = 1"] * 50)
HOST = "https" + "://index.example/simple"
HOME = "/home" + "/alice/lianxiao"
ACTION = "services/lead/actions/leads.py"
RPC = "services/lead/rpc/lead_service.py"
MODELS = "services/lead/models.py"

BAD: list[tuple[str, str, str]] = [
    ("only_db_commits", ACTION, "def f(s):\n    s.commit()"),
    ("only_db_commits", "shared/inbox.py", "session.rollback()"),
    ("every_rpc_is_wrapped", RPC, "class A(Servicer):\n    def GetLead(self, request, context): ..."),
    ("every_rpc_is_wrapped", RPC, "class A(g.LeadServiceServicer):\n    @cached\n    def GetLead(self): ..."),
    ("short_enough", ACTION, LONG),
    ("short_enough", "tools/x.py", LONG_FUNCTION),
    ("no_naive_time", ACTION, "now = datetime.now(UTC)"),
    ("no_naive_time", "services/lead/rules/ages.py", "import time\nx = time.time()"),
    ("no_naive_time", "shared/x.py", "now = datetime.datetime.utcnow()"),
    ("no_naive_time", "gateway/x.py", "now = datetime.now()"),
    ("institution_column", MODELS, "class Lead(Base):\n    __tablename__ = 'lead'"),
    ("institution_column", MODELS, "lead = Table('lead', metadata)"),
    ("reject_never_requeue", "shared/bus.py", "channel.basic_reject(tag, requeue=True)"),
    ("reject_never_requeue", "shared/bus.py", "channel.basic_nack(tag)"),
    ("reject_never_requeue", "shared/bus.py", "message.requeue()"),
    ("only_db_sets_scope", ACTION, "tx.execute('SET LOCAL app.institution = 1')"),
    ("only_db_sets_scope", "shared/x.py", "select = \"select set_config('app.campuses', '*', true)\""),
    ("no_sleep_in_tests", "tests/lead/test_x.py", f"import time\n{SLEEP}"),
    ("no_blanket_ignore", ACTION, "x = f()  # " + "noqa"),
    ("no_blanket_ignore", ACTION, "x = f()  # " + "type: ignore"),
    ("no_blanket_ignore", ACTION, "# " + "mypy: ignore-errors"),
    ("no_machine_path", "README.md", f"see {HOME} for it"),
    ("no_index_host", "requirements.lock", f"--index-url {HOST}"),
    ("no_index_host", "gateway/web/package-lock.json", '"resolved": "x"'),
    ("no_index_host", ".npmrc", "registry = x"),
]

GOOD: list[tuple[str, str, str]] = [
    ("only_db_commits", "shared/db.py", "session.commit()"),
    ("only_db_commits", "tests/shared/test_db.py", "connection.commit()"),
    ("every_rpc_is_wrapped", RPC, "class A(Servicer):\n    @command\n    def AssignLead(self, request, tx): ..."),
    (
        "every_rpc_is_wrapped",
        RPC,
        "class A(Servicer):\n    @rpc.query\n    def GetLead(self): ...\n    def _help(self): ...",
    ),
    ("every_rpc_is_wrapped", RPC, "class A(Servicer):\n    def SignIn(self, r, c):\n        call = call_of(c)"),
    ("short_enough", ACTION, LONG.removesuffix("\nx = 1")),
    ("short_enough", "services/lead/migrations/versions/0001_lead.py", LONG_FUNCTION),
    ("short_enough", "docs/glossary.md", LONG),
    ("no_naive_time", ACTION, "now = tx.now"),
    ("no_naive_time", "shared/x.py", "now = datetime.now(UTC)\nlater = time.monotonic()"),
    ("institution_column", MODELS, "class Lead(OwnedRow, Base):\n    __tablename__ = 'lead'"),
    ("institution_column", MODELS, "class K(Base):\n    __tablename__ = 'k'\n    institution_id: int = 1"),
    ("institution_column", MODELS, "class Base(DeclarativeBase):\n    metadata = new()"),
    ("reject_never_requeue", "shared/bus.py", "channel.basic_reject(tag, requeue=False)"),
    ("reject_never_requeue", "shared/bus.py", "channel.events['basic_nack'].add(f)"),
    ("only_db_sets_scope", "shared/db.py", "x = \"select set_config('app.owner', '', true)\""),
    ("only_db_sets_scope", ACTION, "x = 'we set apps up'"),
    ("no_sleep_in_tests", "tests/lead/test_x.py", "until(lambda: done, what='done')"),
    ("no_sleep_in_tests", "shared/testing/waiting.py", SLEEP),
    ("no_blanket_ignore", ACTION, "x = f()  # " + "noqa: S608 - fixed text"),
    ("no_blanket_ignore", ACTION, "x = f()  # " + "type: ignore[arg-type]"),
    ("no_machine_path", "README.md", "GET /v1/homework; see docs/home/x and /rooting"),
    ("no_index_host", "requirements.lock", "ruff==0.17.6 \\\n    --hash=sha256:00"),
    ("no_index_host", "gateway/web/package-lock.json", f'"funding": {{"url": "{HOST}"}}'),
]


def rules_that_speak(path: str, text: str) -> set[str]:
    return {line.split(": ")[1] for line in findings(Source(path, text))}


@pytest.mark.parametrize(("rule", "path", "text"), BAD)
def test_a_violation_is_caught(rule: str, path: str, text: str) -> None:
    assert rule in rules_that_speak(path, text)


@pytest.mark.parametrize(("rule", "path", "text"), GOOD)
def test_what_is_right_passes(rule: str, path: str, text: str) -> None:
    assert rule not in rules_that_speak(path, text)


def test_every_rule_has_a_good_and_a_bad_example() -> None:
    names = {rule.__name__ for rule in RULES}
    assert names == {rule for rule, _, _ in BAD}
    assert names == {rule for rule, _, _ in GOOD}


def test_a_reason_lifts_a_rule_and_a_bare_comment_does_not() -> None:
    excused = "# house: only_db_commits - the leader's connection has no transaction\nconnection.commit()"
    assert rules_that_speak("shared/leader.py", excused) == set()
    assert rules_that_speak("shared/leader.py", "# house: only_db_commits\nc.commit()") == {"only_db_commits"}
    assert rules_that_speak("shared/leader.py", "# house: short_enough - no\nc.commit()") == {"only_db_commits"}


def test_a_page_with_other_headings_is_named() -> None:
    usual = "# lead\n## What it owns\n## Events\n"
    pages = [Source(f"services/{name}/README.md", usual) for name in ("billing", "lead", "org")]
    assert list(same_readme_headings(pages)) == []
    odd = Source("services/student/README.md", "# student\n## Events\n")
    assert [line.split(":")[0] for line in same_readme_headings([*pages, odd])] == ["services/student/README.md"]


def _migration(number: str, behind: str, name: str = "x") -> Source:
    text = f'revision = "{number}"\ndown_revision = {behind}\n'
    return Source(f"services/lead/migrations/versions/{number}_{name}.py", text)


def test_migrations_stand_in_one_line() -> None:
    first, second = _migration("0001", "None"), _migration("0002", '"0001"')
    assert list(migrations_in_one_line([second, first])) == []
    twice = [first, second, _migration("0002", '"0001"', "y")]
    assert [line.split(":")[0] for line in migrations_in_one_line(twice)] == [
        "services/lead/migrations/versions/0002_y.py"
    ]
    assert len(list(migrations_in_one_line([first, _migration("0003", '"0002"')]))) == 1
    assert len(list(migrations_in_one_line([first, _migration("0002", "None")]))) == 1
