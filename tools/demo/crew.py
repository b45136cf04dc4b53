"""Two processes that do the parts of the work side by side, or none: then this one does them in turn."""

from __future__ import annotations

import gc
import multiprocessing
import pickle
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from types import TracebackType
from typing import Any, NamedTuple, Self
from uuid import UUID

from sqlalchemy.engine import URL

from tools.demo.places import CAMPUS_KEYS
from tools.demo.stage.databases import open_all
from tools.demo.stage.delivery import LANES, Post, Turns
from tools.demo.stage.known import Known
from tools.demo.stage.world import World
from tools.demo.story.beats import Story

PROCESSES = 2
Work = Callable[..., Known]
# Garbage is collected seldom: almost all that a task makes dies by itself.
_COLLECT = (50_000, 20, 50)
_worker: _Worker | None = None


class Task(NamedTuple):
    """A part of the work: `function(world, known, *words)`."""

    function: Work
    words: tuple[object, ...] = ()


class _Worker:
    """The world and the post of one process."""

    def __init__(self, story: Story, code: str, urls: Mapping[str, URL], turns: Turns) -> None:
        self.world = World(story, code, open_all(urls))
        self.post = Post(self.world.databases, turns)


class Crew:
    """Runs tasks and collects what they learn."""

    def __init__(self, story: Story, code: str, urls: Mapping[str, URL], *, processes: int) -> None:
        self.known = Known()
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None
        content = pickle.dumps((story, code, dict(urls)))
        if not processes:
            _prepare(content, {lane: threading.Lock() for lane in LANES})
            return
        # Fresh processes: a fork would share the connections of this one.
        context = multiprocessing.get_context("spawn")
        turns = {lane: context.Lock() for lane in LANES}
        self._pool = ProcessPoolExecutor(processes, context, initializer=_prepare, initargs=(content, turns))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        elif _worker is not None:
            for database in _worker.world.databases.values():
                database.dispose()

    def do(self, tasks: Sequence[Task]) -> None:
        """Do tasks that do not depend on one another; long ones stand first."""
        for learned in self._map(_play, [(task, self.known) for task in tasks]):
            self.known.learn(learned)

    def drain(self) -> int:
        """Let all events have their effects; returns how many deliveries were handled here."""
        return sum(self._map(_drain, [(self._lane(),)] * max(1, self._processes)))

    def _lane(self) -> tuple[UUID, ...]:
        """Return every other campus by its weight: about half of the work."""
        return tuple(self.known.campuses[key] for key in CAMPUS_KEYS[::2] if key in self.known.campuses)

    def _map(self, function: Callable[..., Any], items: Sequence[tuple[Any, ...]]) -> list[Any]:
        if self._pool is None:
            return [function(*item) for item in items]
        futures = [self._pool.submit(function, *item) for item in items]
        return [future.result() for future in futures]


def _prepare(content: bytes, turns: Turns) -> None:
    global _worker  # noqa: PLW0603 - what a process of the pool keeps from task to task
    story, code, urls = pickle.loads(content)  # noqa: S301 - from our own parent process
    _worker = _Worker(story, code, urls, turns)
    if multiprocessing.parent_process() is not None:
        gc.set_threshold(*_COLLECT)
        gc.freeze()


def _mine() -> _Worker:
    if _worker is None:
        raise RuntimeError("this process was not prepared")
    return _worker


def _play(task: Task, known: Known) -> Known:
    return task.function(_mine().world, known, *task.words)


def _drain(campuses: Sequence[UUID]) -> int:
    worker = _mine()
    return worker.post.drain(worker.world, campuses)
