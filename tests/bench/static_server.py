"""Uvicorn with a file as its only answer: `python -m tests.bench.static_server PORT FILE`, as the gateway runs it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import uvicorn


def main() -> None:
    """Serve until ended."""
    body = Path(sys.argv[2]).read_bytes()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]

    async def answer(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    uvicorn.run(
        answer,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
    )


if __name__ == "__main__":
    main()
