"""The built console from gateway/web/dist, held in memory; every page address that is no file is its index."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from gateway.exchange import Exchange, Headers
from gateway.problems import Problem

# The component library writes its styles into the page; scripts come from files of ours only.
POLICY = (
    b"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    b"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_FOREVER = b"public, max-age=31536000, immutable"
_ENCODINGS = ((".br", "br"), (".gz", "gzip"))
_INDEX = "/index.html"
_NOT_BUILT = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>连校 Lianxiao</title>
<h1>连校</h1><p>控制台尚未构建。请运行 <code>make web</code>，然后刷新本页。接口文档见 <a href="/docs">/docs</a>。</p>
<p lang="en">The console is not built yet. Run <code>make web</code>, then reload.
The API is at <a href="/docs">/docs</a>.</p></html>""".encode()


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    kind: bytes
    tag: bytes
    is_hashed: bool
    packed: dict[str, bytes]


class Console:
    """Answers GET and HEAD for everything outside the API."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = _read(folder)

    async def __call__(self, exchange: Exchange) -> None:
        """Send a file, the index, or the page that says how to build them."""
        if exchange.verb not in {"GET", "HEAD"}:
            raise Problem(405, "VERB_NOT_ALLOWED", allow="GET, HEAD")
        path = exchange.path
        file = self._files.get(path)
        if file is None:
            if "." in path.rsplit("/", 1)[-1]:
                raise Problem(404, "ROUTE_NOT_FOUND")
            file = self._index()
        headers: Headers = [(b"content-security-policy", POLICY)]
        if file is None:
            await exchange.answer(
                503, _NOT_BUILT, b"text/html; charset=utf-8", [*headers, (b"cache-control", b"no-store")]
            )
        else:
            await _send(exchange, file, headers)

    def _index(self) -> _File | None:
        if _INDEX not in self._files:
            # It may have been built after the gateway was started.
            self._files = _read(self._folder)
        return self._files.get(_INDEX)


async def _send(exchange: Exchange, file: _File, headers: Headers) -> None:
    headers += [
        (b"etag", file.tag),
        (b"cache-control", _FOREVER if file.is_hashed else b"no-cache"),
        (b"vary", b"accept-encoding"),
    ]
    if exchange.headers.get(b"if-none-match") == file.tag:
        await exchange.answer(304, more=headers)
        return
    content = file.content
    accepted = {part.partition(";")[0].strip() for part in exchange.header("accept-encoding").split(",")}
    for _, encoding in _ENCODINGS:
        if encoding in accepted and encoding in file.packed:
            content = file.packed[encoding]
            headers.append((b"content-encoding", encoding.encode()))
            break
    await exchange.answer(200, content, file.kind, headers)


def _read(folder: Path) -> dict[str, _File]:
    """Read all files by their path in the address bar. Packed twins stay with their original."""
    suffixes = {suffix for suffix, _ in _ENCODINGS}
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix not in suffixes]
    return {"/" + path.relative_to(folder).as_posix(): _file(path, folder) for path in paths}


def _file(path: Path, folder: Path) -> _File:
    content = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if kind.startswith("text/") or kind in {"application/json", "image/svg+xml"}:
        kind += "; charset=utf-8"
    twins = {encoding: path.with_name(path.name + suffix) for suffix, encoding in _ENCODINGS}
    return _File(
        content=content,
        kind=kind.encode(),
        tag=f'"{hashlib.sha256(content).hexdigest()[:20]}"'.encode(),
        is_hashed=path.relative_to(folder).parts[0] == "assets",
        packed={encoding: twin.read_bytes() for encoding, twin in twins.items() if twin.exists()},
    )
