"""Compare the contracts with those of the previous main commit: old clients and stored events must stay readable.

A commit that breaks one on purpose says why in a trailer `Breaks-Contract: reason`.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tools import node, protos
from tools.sources import ROOT

IMAGE = ROOT / "gen" / "image.binpb"


def check() -> str:
    """Return a remark; raises NodeFailed with every change that breaks a reader of the wire or of JSON."""
    base = baseline()
    if base is None:
        return "skipped: no earlier commit to compare with"
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder, "before.binpb")
        if not build_image(base, Path(folder), before):
            return f"skipped: no contracts in {base[:10]}"
        if reason := broken_on_purpose(base):
            return f"broken on purpose since {base[:10]}: {reason}"
        buf = str(ROOT / "node_modules" / ".bin" / "buf")
        node.run(ROOT, buf, "breaking", str(IMAGE), "--against", str(before), "--config", "buf.yaml")
    return f"against {base[:10]}"


def broken_on_purpose(base: str) -> str:
    """Return the reasons that the commits since `base` give; empty when none breaks a contract knowingly."""
    lines = _git("log", "--format=%(trailers:key=Breaks-Contract,valueonly)", f"{base}..HEAD").splitlines()
    return "; ".join(line for line in lines if line)


def baseline() -> str | None:
    """Return the commit before the present one: of the shared main branch when it is elsewhere, else the parent."""
    head = _git("rev-parse", "HEAD")
    main = _git("rev-parse", "--verify", "--quiet", "refs/remotes/origin/main")
    if main and main != head:
        return main
    return _git("rev-parse", "--verify", "--quiet", "HEAD~1") or None


def build_image(commit: str, folder: Path, target: Path) -> bool:
    """Compile the contracts of a commit to an image; say whether it has any that compile."""
    archive = subprocess.run(["git", "archive", commit, "protos"], cwd=ROOT, check=False, capture_output=True)
    if archive.returncode:
        return False
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as content:
        content.extractall(folder, filter="data")
    before = folder / "protos"
    names = [str(path.relative_to(before)) for path in sorted(before.rglob("*.proto"))]
    includes = [f"--proto_path={before}", *protos.includes()]
    words = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        *includes,
        f"--descriptor_set_out={target}",
        "--include_imports",
    ]
    done = subprocess.run([*words, *names], cwd=ROOT, check=False, capture_output=True)
    return bool(names) and done.returncode == 0


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, check=False, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""
