"""Load for a gRPC server: `python -m tests.bench.grpc_load ADDRESS METHOD FILE SECONDS`, token in BENCH_TOKEN.

FILE holds serialised requests, each behind four bytes of length; they are sent in turn, 32 at a time. Requests and
replies stay bytes, so that the client costs little beside the server. Prints calls per second.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import time
from pathlib import Path
from typing import Any

import grpc.aio
import uvloop

IN_FLIGHT = 32


def pack(requests: list[bytes]) -> bytes:
    """Return the content of FILE."""
    return b"".join(len(request).to_bytes(4, "big") + request for request in requests)


def unpack(content: bytes) -> list[bytes]:
    """Undo `pack`."""
    requests, at = [], 0
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        requests.append(content[at + 4 : at + 4 + size])
        at += 4 + size
    return requests


async def load(address: str, method: str, requests: list[bytes], seconds: float) -> float:
    """Return calls per second; raises on the first call that fails."""
    supply = itertools.cycle(requests)
    metadata = (("authorization", f"Bearer {os.environ.get('BENCH_TOKEN', '')}"),)
    async with grpc.aio.insecure_channel(address) as channel:
        call: Any = channel.unary_unary(method)
        done = 0
        begun = time.perf_counter()
        end = begun + seconds

        async def one() -> None:
            nonlocal done
            while time.perf_counter() < end:
                await call(next(supply), metadata=metadata, timeout=10)
                done += 1

        await asyncio.gather(*(one() for _ in range(IN_FLIGHT)))
        return done / (time.perf_counter() - begun)


def main() -> None:
    """Run and print."""
    address, method, file, seconds = sys.argv[1:5]
    requests = unpack(Path(file).read_bytes())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rate = runner.run(load(address, method, requests, float(seconds)))
    sys.stdout.write(f"{rate}\n")


if __name__ == "__main__":
    main()
