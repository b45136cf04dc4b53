"""Everything that can be said about the code without running it (`make check`): the same here and in CI."""

from __future__ import annotations

import argparse
import sys

from tools import breaking, node, web
from tools.sources import ROOT
from tools.steps import Step, StepFailed, command, run

PYTHON = sys.executable
CHECKED = ("shared", "services", "gateway", "tools", "tests")


def main() -> int:
    """Run the chosen steps, or all of them."""
    parser = argparse.ArgumentParser(prog="make check", description=__doc__)
    parser.add_argument("--only", default="", help="names of steps, separated by commas")
    chosen = set(filter(None, parser.parse_args().only.split(",")))
    known = steps()
    unknown = chosen - {step.name for step in known}
    if unknown:
        parser.error(f"no such step: {', '.join(sorted(unknown))}; there are {', '.join(s.name for s in known)}")
    return 0 if run([step for step in known if not chosen or step.name in chosen]) else 1


def steps() -> list[Step]:
    """Return all steps, long ones first so that two cores end together."""
    return [
        Step("console", console),
        Step("mypy", command(PYTHON, "-m", "mypy", *CHECKED)),
        Step("contracts", contracts),
        Step("imports", command("lint-imports", "--no-cache")),
        Step("house", command(PYTHON, "-m", "tools.lint")),
        Step("ruff", command(PYTHON, "-m", "ruff", "check", "--quiet", ".")),
        Step("format", command(PYTHON, "-m", "ruff", "format", "--check", "--quiet", ".")),
    ]


def contracts() -> str:
    """Lint the protos and compare them with those of the previous commit."""
    node.install(ROOT)
    buf = str(ROOT / "node_modules" / ".bin" / "buf")
    node.run(ROOT, buf, "lint", str(breaking.IMAGE), "--config", "buf.yaml")
    return breaking.check()


def console() -> str:
    """Types, style, tests and size of the console."""
    if not web.exists():
        return "skipped: there is no console in gateway/web yet"
    web.prepare()
    try:
        node.run(web.WEB, "npm", "run", "check")
    except node.NodeFailed as error:
        raise StepFailed(str(error)) from error
    return ""


if __name__ == "__main__":
    sys.exit(main())
