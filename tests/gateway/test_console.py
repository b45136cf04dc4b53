from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from gateway import serve
from gateway.catalogue import Catalogue
from gateway.config import Config
from tests.gateway.backend import Backend
from tests.gateway.conftest import KnownTokens, client, running

SCRIPT = b"console.log('lianxiao')" * 50


@pytest.fixture
def console(
    backend: Backend, contract: Catalogue, config: Config, tmp_path: Path
) -> Iterator[tuple[httpx.Client, Path]]:
    edge = serve.make_edge(replace(config, console=tmp_path), contract, KnownTokens(), f"*=127.0.0.1:{backend.port}")
    with running(edge) as port, client(port) as one:
        yield one, tmp_path


def _build(folder: Path) -> None:
    (folder / "assets").mkdir()
    (folder / "index.html").write_text("<!doctype html><title>连校</title>", "utf-8")
    (folder / "assets/index-abc123.js").write_bytes(SCRIPT)
    (folder / "assets/index-abc123.js.gz").write_bytes(gzip.compress(SCRIPT))


def test_without_a_build_the_page_says_how_to_make_one(console: tuple[httpx.Client, Path]) -> None:
    http, folder = console
    missing = http.get("/leads")
    assert missing.status_code == 503
    assert "make web" in missing.text
    _build(folder)
    assert "连校" in http.get("/leads").text


def test_every_page_address_is_the_index(console: tuple[httpx.Client, Path]) -> None:
    http, folder = console
    _build(folder)
    page = http.get("/leads/17/timeline?tab=2")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    again = http.get("/", headers={"if-none-match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_hashed_files_are_kept_for_long_and_sent_packed(console: tuple[httpx.Client, Path]) -> None:
    http, folder = console
    _build(folder)
    http.get("/")
    packed = http.get("/assets/index-abc123.js", headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == SCRIPT
    assert "immutable" in packed.headers["cache-control"]
    assert packed.headers["content-type"].startswith("text/javascript")
    plain = http.get("/assets/index-abc123.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize("path", ["/missing.js", "/../config.py", "/%2e%2e/config.py", "/assets/..%2findex.html"])
def test_no_file_outside_the_build_is_sent(console: tuple[httpx.Client, Path], path: str) -> None:
    http, folder = console
    _build(folder)
    assert http.get(path).json()["reason"] == "ROUTE_NOT_FOUND"


def test_only_reading_is_possible(console: tuple[httpx.Client, Path]) -> None:
    http, _ = console
    answer = http.post("/leads")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert http.head("/docs").status_code == 405
