"""Make a service of the usual shape (`make new-service n=library`): contracts, code, migration, page, green tests."""

from __future__ import annotations

import argparse
import keyword
import re
import subprocess
import sys
from pathlib import Path

from tools.sources import ROOT

SHAPE = Path(__file__).resolve().parent / "shape"


def main() -> int:
    """Write the files; refuses a name that cannot be a module or is taken."""
    parser = argparse.ArgumentParser(prog="make new-service n=NAME", description=__doc__)
    parser.add_argument("name", help="a noun in the singular, in lower case")
    name = parser.parse_args().name
    refusal = wrong(name, ROOT)
    if refusal:
        print(refusal, file=sys.stderr)
        return 1
    written = write(name, ROOT)
    # The order of imports depends on the name.
    ruff = [sys.executable, "-m", "ruff", "check", "--fix-only", "--quiet"]
    subprocess.run([*ruff, *(str(path) for path in written if path.suffix == ".py")], cwd=ROOT, check=True)
    for path in written:
        print(f"  {path.relative_to(ROOT)}")
    print(f"next: `make test-one T=tests/{name}`, and an entry under `services:` in charts/lianxiao/values.yaml")
    return 0


def wrong(name: str, root: Path) -> str:
    """Say what is wrong with a name, or nothing."""
    if not re.fullmatch(r"[a-z][a-z_]{1,30}", name) or keyword.iskeyword(name):
        return f"{name!r} cannot be the name of a service: use a noun in lower case, such as library"
    taken = [folder for folder in ("services", "tests", "protos/lianxiao") if (root / folder / name).exists()]
    return f"{taken[0]}/{name} is there already" if taken else ""


def write(name: str, root: Path) -> list[Path]:
    """Write every file of the shape under `root` and return the paths."""
    places = {
        "protos": root / "protos" / "lianxiao" / name / "v1",
        "service": root / "services" / name,
        "tests": root / "tests" / name,
    }
    contracts = {
        "noun.proto": f"{name}.proto",
        "service.proto": f"{name}_service.proto",
        "events.proto": f"{name}_events.proto",
    }
    written = []
    for template in sorted(SHAPE.rglob("*.tmpl")):
        kind, *inner = template.relative_to(SHAPE).with_suffix("").parts
        inner = [contracts.get(part, filled(part, name)) for part in inner]
        target = places[kind].joinpath(*inner)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(filled(template.read_text(), name))
        written.append(target)
    return written


def filled(text: str, name: str) -> str:
    """Replace the placeholders of the shape: longer words first, so that none is taken for part of another."""
    noun = "".join(word.title() for word in name.split("_"))
    words = {"NOUN_UPPER": name.upper(), "NOUN": noun, "MANY": plural(noun), "PLURAL": plural(name), "NAME": name}
    return re.sub("|".join(words), lambda match: words[match.group()], text)


def plural(noun: str) -> str:
    """Return the English plural as far as table and route names need it."""
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


if __name__ == "__main__":
    sys.exit(main())
