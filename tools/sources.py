"""The files of the working copy that house rules look at, each read and parsed once."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXT = {
    "", ".cfg", ".conf", ".css", ".html", ".ini", ".js", ".json", ".lock", ".mako", ".md", ".mjs", ".proto", ".py",
    ".sh", ".sql", ".toml", ".ts", ".tsx", ".txt", ".yaml", ".yml",
}  # fmt: skip
LARGEST_BYTES = 2_000_000


@dataclass(frozen=True)
class Source:
    """One text file: its path from the root with forward slashes, and what stands in it."""

    path: str
    text: str
    lines: list[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", self.text.splitlines())

    @cached_property
    def tree(self) -> ast.Module:
        """Return the parsed module; for anything but Python an empty one."""
        return ast.parse(self.text) if self.path.endswith(".py") else ast.Module(body=[], type_ignores=[])

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Return every node of the module."""
        return list(ast.walk(self.tree))

    def within(self, *folders: str) -> bool:
        """Say whether the file lies in one of the folders, given like `services/`."""
        return self.path.startswith(folders)


def sources() -> Iterator[Source]:
    """Read all files that git knows or would take; ignored ones are nobody's style."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in sorted(filter(None, set(names))):
        file = ROOT / name
        if file.suffix in TEXT and file.is_file() and file.stat().st_size < LARGEST_BYTES:
            yield Source(name, file.read_text(encoding="utf-8", errors="replace"))
