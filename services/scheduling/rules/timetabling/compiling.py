"""How the search is compiled. Import this only where plans are searched: compilation costs seconds."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

_F = TypeVar("_F", bound=Callable[..., object])

_SOURCES = ("arrays.py", "kernel.py", "moves.py", "patterns.py")
# A compiled function holds what it calls, and its cache would not see a change in another file.
_sources = b"".join((Path(__file__).parent / name).read_bytes() for name in _SOURCES)


def _kept() -> Path:
    """Return where compiled code is kept: beside the module, else in a temporary folder that nobody else can write."""
    beside = Path(__file__).parent
    if not os.access(beside, os.W_OK):
        with contextlib.suppress(OSError):
            own = Path(tempfile.gettempdir()) / f"timetable-search-{os.getuid()}"
            own.mkdir(mode=0o700, exist_ok=True)
            if own.stat().st_uid == os.getuid():
                return own
    return beside / "__pycache__"


#: Compiled code of this version, for all processes.
FOLDER = _kept() / hashlib.blake2b(_sources, digest_size=8).hexdigest()
_config: Any = numba.config
_config.CACHE_DIR = str(FOLDER)
# Measured: a third less time to compile than with level 3, and a tenth more moves per second.
_config.OPT = type(_config.OPT)(1)
_njit: Any = numba.njit
# Nothing here allocates: without reference counts it is six times as fast.
_OPTIONS = {"error_model": "numpy", "_nrt": False}


def inlined(function: _F) -> _F:
    """Compile a function into whatever calls it: a call hands over every array, which is dear in the inner loop."""
    result: _F = _njit(forceinline=True, **_OPTIONS)(function)
    return result


def compiled(function: _F) -> _F:
    """Compile a function; what is compiled is kept on disk, or not at all where nothing can be written."""
    try:
        result: _F = _njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:
        result = _njit(**_OPTIONS)(function)
    return result
