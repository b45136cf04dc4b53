"""Build the console into gateway/web/dist, unless it is built from the present sources (`make web`)."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tools import node
from tools.sources import ROOT

WEB = ROOT / "gateway" / "web"
DESCRIPTION = ROOT / "gen" / "openapi.json"
MADE = {"node_modules", "dist", "gen", "coverage"}


def exists() -> bool:
    """Say whether there is a console in this working copy."""
    return (WEB / "package-lock.json").exists()


def prepare() -> None:
    """Install the console's packages and generate its API types from the contracts."""
    node.install(WEB)
    stamp = WEB / "gen" / ".stamp"
    wanted = _fingerprint([ROOT / "gen" / "stamp", WEB / "package-lock.json", *sorted((ROOT / "gateway").glob("*.py"))])
    if stamp.exists() and stamp.read_text() == wanted:
        return
    description = subprocess.run(
        [sys.executable, "-m", "gateway", "openapi"], cwd=ROOT, check=True, capture_output=True
    )
    DESCRIPTION.write_bytes(description.stdout)
    (WEB / "gen").mkdir(exist_ok=True)
    node.run(WEB, "npm", "run", "types")
    stamp.write_text(wanted)


def build() -> bool:
    """Build when something changed; say whether there is a console to serve."""
    if not exists():
        print("console: there is none in gateway/web yet; the gateway serves the API only")
        return False
    prepare()
    stamp = WEB / "dist" / ".stamp"
    wanted = _fingerprint([ROOT / "gen" / "stamp", *_files(WEB)])
    if stamp.exists() and stamp.read_text() == wanted:
        return True
    print("console: building gateway/web/dist", flush=True)
    node.run(WEB, "npm", "run", "build")
    stamp.write_text(wanted)
    return True


def _files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in MADE]
        found += [Path(place, name) for name in names]
    return sorted(found)


def _fingerprint(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def main() -> int:
    """Build; print one sentence when it fails."""
    try:
        build()
    except (node.NodeFailed, subprocess.CalledProcessError) as error:
        print(f"console: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
