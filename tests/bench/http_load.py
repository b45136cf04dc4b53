"""Load for an HTTP server: `python -m tests.bench.http_load PORT SECONDS PATH...`, token in BENCH_TOKEN.

Sixteen connections ask for the paths in turn, over bare sockets so that the client costs little. Prints requests per
second; raises at the first answer that is not 200.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import time

import uvloop

CONNECTIONS = 16


async def load(port: int, seconds: float, paths: list[str]) -> float:
    """Return requests per second."""
    token = os.environ.get("BENCH_TOKEN", "")
    texts = [f"GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n".encode() for path in paths]
    supply = itertools.cycle(texts)
    done = 0
    begun = time.perf_counter()
    end = begun + seconds

    async def one() -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024 * 1024)
        while time.perf_counter() < end:
            writer.write(next(supply))
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(head.decode())
            await reader.readexactly(_length(head))
            done += 1
        writer.close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return done / (time.perf_counter() - begun)


def _length(head: bytes) -> int:
    at = head.lower().index(b"content-length:") + 15
    return int(head[at : head.index(b"\r\n", at)])


def main() -> None:
    """Run and print."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rate = runner.run(load(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
    sys.stdout.write(f"{rate}\n")


if __name__ == "__main__":
    main()
