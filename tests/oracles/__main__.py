"""`make oracles`: published vectors of money beside what our rules compute, one JSON object a line for every file."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.oracles.vectors import outcomes

# Examples that others published; each names its source.
FOLDER = Path(__file__).parent / "data"


def main() -> int:
    """Compute the files of the folder DATA, or of ours; 1 when a vector failed."""
    folder = Path(os.environ.get("DATA") or FOLDER)
    failed, lines = 0, 0
    for outcome in outcomes(folder):
        lines += 1
        failed += len(outcome.failed)
        sys.stdout.write(f"{json.dumps(outcome.line(), ensure_ascii=False)}\n")
    if not lines:
        raise SystemExit(f"{folder} holds no allocation*.json, proration*.json or revenue*.json")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
