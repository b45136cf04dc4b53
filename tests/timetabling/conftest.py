"""The exact solver's library does not get along with the protocol compiler that other tests load: it has a process."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest


@pytest.fixture(scope="session")
def apart() -> Iterator[Callable[..., Any]]:
    """Return a way to call a function in another process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:

        def call(function: Callable[..., Any], *values: Any, **named: Any) -> Any:
            return pool.submit(function, *values, **named).result()

        yield call
