"""Load for a gRPC server: `python -m tests.bench.grpc_load ADDRESS METHOD FILE SECONDS [RATE]`, token in BENCH_TOKEN.

FILE holds serialised requests, each behind four bytes of length; they are sent in turn, 32 at a time. Requests and
replies stay bytes, so that the client costs little beside the server. Prints calls per second. With RATE so many are
sent each second, whoever waits, and the 99th percentile of what they wait is printed, in ms; time counts from when a
call was due, so it is never less than what the server takes.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
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


async def wait(address: str, method: str, requests: list[bytes], seconds: float, rate: float) -> float:
    """Return the 99th percentile in ms of what calls wait that arrive at a rate; raises on the first that fails."""
    metadata = (("authorization", f"Bearer {os.environ.get('BENCH_TOKEN', '')}"),)
    async with grpc.aio.insecure_channel(address) as channel:
        call: Any = channel.unary_unary(method)
        await channel.channel_ready()
        begun = time.perf_counter()

        async def one(number: int) -> float:
            due = begun + number / rate
            # house: no_sleep_in_tests - arrivals keep their time, whoever waits
            await asyncio.sleep(due - time.perf_counter())
            await call(requests[number % len(requests)], metadata=metadata, timeout=10)
            return (time.perf_counter() - due) * 1000

        times = await asyncio.gather(*(one(number) for number in range(int(rate * seconds))))
        return statistics.quantiles(times, n=100)[-1]


def main() -> None:
    """Run and print."""
    address, method, file, seconds, *rates = sys.argv[1:6]
    requests = unpack(Path(file).read_bytes())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if rates:
            found = runner.run(wait(address, method, requests, float(seconds), float(rates[0])))
        else:
            found = runner.run(load(address, method, requests, float(seconds)))
    sys.stdout.write(f"{found}\n")


if __name__ == "__main__":
    main()
