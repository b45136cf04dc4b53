"""The garbage collector in a process that stays up.

Left alone it looks through everything that was imported again, in the midst of calls, and holds all of them up. What is
there when a process is ready stays for ever, so it is taken out of sight; what calls leave behind goes by reference
counting, and only cycles wait for the next look.
"""

from __future__ import annotations

import gc

_THRESHOLDS = (50_000, 20, 50)


def settle() -> None:
    """Leave what there is now alone, and look rarely at what comes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
