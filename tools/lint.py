"""House rules that no ready-made linter knows (`make lint`). One function per rule.

A rule is lifted for one place by a comment on the line or the line before: `# house: <rule> - <why>`.
A rule about a whole file is lifted by the same comment within its first five lines.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from tools.sources import Source, sources

Found = Iterator[tuple[int, str]]
Rule = Callable[[Source], Found]

LONGEST_FILE = 400
LONGEST_FUNCTION = 50
PRODUCT = ("services/", "shared/", "gateway/")
EXCUSE = re.compile(r"(?:#|--|//) house: (\w+) - \S.*")


def only_db_commits(source: Source) -> Found:
    """One transaction per call: nobody but the boundary's database class ends it."""
    if not source.within(*PRODUCT) or source.path == "shared/db.py":
        return
    for call in _calls(source):
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"commit", "rollback"}:
            yield call.lineno, f".{call.func.attr}() belongs to shared/db.py; return or raise instead"


def every_rpc_is_wrapped(source: Source) -> Found:
    """Let no servicer method run without the boundary: @command, @query, or the call taken with `call_of`."""
    if not re.match(r"services/\w+/rpc/", source.path):
        return
    for node in source.nodes:
        if not isinstance(node, ast.ClassDef) or not any(_name(b).endswith("Servicer") for b in node.bases):
            continue
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and method.name[0].isupper():
                names = {_name(decorator) for decorator in method.decorator_list}
                if not names & {"command", "query", "stream"} and "call_of(" not in ast.unparse(method):
                    yield method.lineno, f"{method.name} needs @command, @query, @stream or call_of(context)"


def short_enough(source: Source) -> Found:
    """Split by noun what grows past these sizes."""
    if not source.path.endswith(".py"):
        return
    if len(source.lines) > LONGEST_FILE:
        yield 1, f"{len(source.lines)} lines; split it by noun below {LONGEST_FILE}"
    if "/migrations/" in source.path:
        return  # a schema is a list, however long
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield node.lineno, f"{node.name} has {length} lines; {LONGEST_FUNCTION} are enough"


def no_naive_time(source: Source) -> Found:
    """Within a transaction there is one time, tx.now; elsewhere an instant carries its zone."""
    if not source.within(*PRODUCT):
        return
    clocks = {"datetime.now", "datetime.today", "datetime.utcnow", "date.today", "time.time", "time.time_ns"}
    for call in _calls(source):
        name = re.sub(r"^datetime\.(datetime|date)\.", r"\1.", _dotted(call.func))
        if re.match(r"services/\w+/(actions|rules|rpc|models|consumers)", source.path) and name in clocks:
            yield call.lineno, f"{name}() in a service: use tx.now"
        elif name in {"datetime.utcnow", "date.today"} or (
            name == "datetime.now" and not call.args and not call.keywords
        ):
            yield call.lineno, f"{name}() has no time zone"


def institution_column(source: Source) -> Found:
    """Every table of a service starts with its institution, which the declarative bases of the chassis bring."""
    if not re.match(r"services/\w+/models(\.py|/)", source.path):
        return
    kept = {"Row", "CampusRow", "OwnedRow"}
    for node in source.tree.body:
        if isinstance(node, ast.ClassDef):
            words = {_name(t) for s in node.body for t in _targets(s)}
            if {_name(base) for base in node.bases} & kept or "institution_id" in words:
                kept.add(node.name)
            elif "__tablename__" in words:
                yield node.lineno, f"{node.name} must derive from Row, CampusRow or OwnedRow"
    for call in _calls(source):
        if _name(call.func) == "Table":
            yield call.lineno, "a bare Table has no institution: declare a class"


def reject_never_requeue(source: Source) -> Found:
    """Keep retries in the inbox: a requeued message comes straight back, at full speed."""
    if not source.within(*PRODUCT):
        return
    for call in _calls(source):
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        wanted = keywords.get("requeue") or keywords.get("requeue_on_error")
        asks = wanted is not None and not (isinstance(wanted, ast.Constant) and wanted.value is False)
        if asks or _name(call.func) in {"basic_nack", "requeue", "basic_recover"}:
            yield call.lineno, "messages are acknowledged or rejected, never put back"


def only_db_sets_scope(source: Source) -> Found:
    """Row-level security believes these settings; one place writes them."""
    if not source.path.endswith(".py") or not source.within(*PRODUCT) or source.path == "shared/db.py":
        return
    pattern = re.compile(r"(?i)\bset\s+(local\s+|session\s+)?app\.|set_config\(\s*'app\.")
    for number, line in enumerate(source.lines, 1):
        if pattern.search(line):
            yield number, "app.* settings are written by shared/db.py only"


def no_sleep_in_tests(source: Source) -> Found:
    """Wait for the condition with shared.testing.waiting.until; a pause is either too short or too long."""
    if not source.within("tests/"):
        return
    for call in _calls(source):
        if _dotted(call.func) in {"time.sleep", "sleep", "eventlet.sleep", "asyncio.sleep"}:
            yield call.lineno, "wait for a condition: shared.testing.waiting.until"


def no_blanket_ignore(source: Source) -> Found:
    """Make every exemption name what it lifts."""
    if not source.path.endswith(".py"):
        return
    blanket = re.compile(
        r"#\s*(noqa(?!:\s*[A-Z])|type:\s*ignore(?!\[)|ruff:\s*noqa|flake8:|mypy:\s*ignore|pragma: no cover)"
    )
    for number, line in enumerate(source.lines, 1):
        if blanket.search(line):
            yield number, "name the rule that is lifted, and keep it to one line"


def no_machine_path(source: Source) -> Found:
    """Find paths of somebody's machine; they work on that machine only."""
    pattern = re.compile(r"(?<![\w.}])/(root|home/\w+|Users/\w+|work/(main|shared))\b")
    for number, line in enumerate(source.lines, 1):
        if pattern.search(line):
            yield number, "a path of one machine"


def no_index_host(source: Source) -> Found:
    """Locks work with whatever package index a machine is set to."""
    name = source.path.rsplit("/", 1)[-1]
    patterns = {
        "requirements.lock": r"://|--(extra-)?index-url|--find-links",
        "package-lock.json": r'"resolved":',
        ".npmrc": r"registry\s*=",
        "Dockerfile": r"index-url|registry\s*=",
    }
    if name not in patterns:
        return
    for number, line in enumerate(source.lines, 1):
        if re.search(patterns[name], line):
            yield number, "names the host of a package index"


RULES: tuple[Rule, ...] = (
    only_db_commits,
    every_rpc_is_wrapped,
    short_enough,
    no_naive_time,
    institution_column,
    reject_never_requeue,
    only_db_sets_scope,
    no_sleep_in_tests,
    no_blanket_ignore,
    no_machine_path,
    no_index_host,
)


def same_readme_headings(files: Iterable[Source]) -> Iterator[str]:
    """Every service's page has the headings that most of them have, in the same order."""
    pages = {
        s.path: re.findall(r"(?m)^## (.+?)\s*$", s.text) for s in files if re.match(r"services/\w+/README\.md", s.path)
    }
    if not pages:
        return
    usual = list(Counter(map(tuple, pages.values())).most_common(1)[0][0])
    for path, headings in sorted(pages.items()):
        if headings != usual:
            yield f"{path}:1: same_readme_headings: has {headings}, the others have {usual}"


def migrations_in_one_line(files: Iterable[Source]) -> Iterator[str]:
    """Let a service's migrations have numbers without gaps, each behind the one before: two heads upgrade nothing."""
    last: dict[str, int] = {}
    for path, text in sorted((s.path, s.text) for s in files):
        place = re.match(r"(services/\w+)/migrations/versions/(\d{4})_\w+\.py$", path)
        if not place:
            continue
        before = last.get(place[1], 0)
        last[place[1]] = before + 1
        names = [f"{before + 1:04}", f"{before + 1:04}", f"{before:04}" if before else "None"]
        said = [re.search(rf'(?m)^{name} = "?(\w+)"?$', text) for name in ("revision", "down_revision")]
        if [place[2], *(match and match[1] for match in said)] != names:
            yield f"{path}:1: migrations_in_one_line: this place is that of {names[0]}, behind {names[2]}"


def findings(source: Source) -> Iterator[str]:
    """Apply every rule to one file and leave out what is excused with a reason."""
    for rule in RULES:
        for number, message in rule(source):
            if rule.__name__ not in _excuses(source, number):
                yield f"{source.path}:{number}: {rule.__name__}: {message}"


def main() -> int:
    """Print every finding; the exit code says whether there was one."""
    files = list(sources())
    found = [line for source in files for line in findings(source)]
    found += [*same_readme_headings(files), *migrations_in_one_line(files)]
    print("\n".join([*found, f"{len(found)} findings in {len(files)} files"]))
    return 1 if found else 0


def _excuses(source: Source, number: int) -> set[str]:
    lines = source.lines[:5] if number == 1 else source.lines[max(0, number - 2) : number]
    return {match.group(1) for line in lines for match in EXCUSE.finditer(line)}


def _calls(source: Source) -> Iterator[ast.Call]:
    return (node for node in source.nodes if isinstance(node, ast.Call))


def _name(node: ast.expr) -> str:
    """Return the last word of a name, an attribute or a call of one."""
    if isinstance(node, ast.Call):
        return _name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _targets(statement: ast.stmt) -> list[ast.expr]:
    if isinstance(statement, ast.AnnAssign):
        return [statement.target]
    return statement.targets if isinstance(statement, ast.Assign) else []


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


if __name__ == "__main__":
    sys.exit(main())
