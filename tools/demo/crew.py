"""Two processes that do the parts of the work side by side, or none: then this one does them in turn."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from types import TracebackType
from typing import Any, NamedTuple, Self

from sqlalchemy.engine import URL

from tools.demo.stage.databases import open_all
from tools.demo.stage.delivery import Post
from tools.demo.stage.known import Known
from tools.demo.stage.world import World
from tools.demo.story.beats import Story

PROCESSES = 2
Work = Callable[..., Known]
# Who handles what: billing weighs as much as all the others together.
_SHARES = (("billing", "student", "org", "scheduling"), ("insight", "notification", "lead", "marketing"))
_worker: _Worker | None = None


class Task(NamedTuple):
    """A part of the work: `function(world, known, *words)`."""

    function: Work
    words: tuple[object, ...] = ()


class _Worker:
    """The world and the post of one process."""

    def __init__(self, story: Story, code: str, urls: Mapping[str, URL]) -> None:
        self.world = World(story, code, open_all(urls))
        self.post = Post(self.world.databases)


class Crew:
    """Runs tasks and collects what they learn."""

    def __init__(
        self, story: Story, code: str, urls: Mapping[str, URL], *, leads: Sequence[str], processes: int
    ) -> None:
        self.known = Known()
        self._leads = set(leads)
        self._pool: ProcessPoolExecutor | None = None
        if processes:
            # Fresh processes: a fork would share the connections of this one.
            self._pool = ProcessPoolExecutor(
                processes,
                multiprocessing.get_context("spawn"),
                initializer=_prepare,
                initargs=(pickle.dumps((story, code, dict(urls))),),
            )
        else:
            _prepare(pickle.dumps((story, code, dict(urls))))

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
        shares = _SHARES if self._pool is not None else (tuple(name for share in _SHARES for name in share),)
        work = [([name for name in share if name in self._leads], share) for share in shares]
        return sum(self._map(_drain, work))

    def _map(self, function: Callable[..., Any], items: Sequence[tuple[Any, ...]]) -> list[Any]:
        if self._pool is None:
            return [function(*item) for item in items]
        futures = [self._pool.submit(function, *item) for item in items]
        return [future.result() for future in futures]


def _prepare(content: bytes) -> None:
    global _worker  # noqa: PLW0603 - what a process of the pool keeps from task to task
    _worker = _Worker(*pickle.loads(content))  # noqa: S301 - from our own parent process


def _mine() -> _Worker:
    if _worker is None:
        raise RuntimeError("this process was not prepared")
    return _worker


def _play(task: Task, known: Known) -> Known:
    return task.function(_mine().world, known, *task.words)


def _drain(relays: Sequence[str], handles: Sequence[str]) -> int:
    worker = _mine()
    return worker.post.drain(worker.world, relays, handles)
