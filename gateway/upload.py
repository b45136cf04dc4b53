"""A file of enquiries, streamed from a form to the lead service as it arrives; never held whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
import orjson
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from gateway import problems
from gateway.catalogue import Method
from gateway.edge import Edge
from gateway.exchange import ClientGone, Exchange
from gateway.problems import Problem
from gateway.transcode import request_id_of
from shared.codec.decode import decode
from shared.codec.encode import encode
from shared.errors import DomainError

SERVICE = "lianxiao.lead.v1.ImportService"
PATH = "/v1/leads/imports:upload"
CHUNK = 512 * 1024
_LARGEST_OPTIONS = 64 * 1024


class Part:
    """The head of one part of a form: its field name, and its file name when it is a file."""

    def __init__(self, disposition: bytes) -> None:
        _, options = parse_options_header(disposition)
        self.name = options.get(b"name", b"").decode("utf-8", "replace")
        self.file_name = options.get(b"filename", b"").decode("utf-8", "replace").replace("\0", "")


async def parts(exchange: Exchange, limit: int) -> AsyncIterator[tuple[Part, bytes]]:
    """Yield (part, piece of its content) in the order of arrival; raises Problem for what is no form."""
    kind, options = parse_options_header(exchange.header("content-type"))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise Problem(415, "NOT_MULTIPART")
    form = _Form(boundary)
    async for piece in exchange.chunks(limit):
        for found in form.feed(piece):
            yield found


class _Form:
    """The callbacks of the parser, turned into a list of what one piece of the body brought."""

    def __init__(self, boundary: bytes) -> None:
        self._found: list[tuple[Part, bytes]] = []
        self._part = Part(b"")
        self._header = b""
        self._value = b""
        callbacks: Any = {
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_part_data": self._on_part_data,
            "on_part_begin": self._on_part_begin,
        }
        self._parser = MultipartParser(boundary, callbacks)

    def feed(self, piece: bytes) -> list[tuple[Part, bytes]]:
        """Take a piece of the body."""
        try:
            self._parser.write(piece)
        except FormParserError:
            raise Problem(400, "NOT_MULTIPART") from None
        found, self._found = self._found, []
        return found

    def _on_part_begin(self) -> None:
        self._part, self._header, self._value = Part(b""), b"", b""

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._part = Part(self._value)
        self._header = self._value = b""

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._found.append((self._part, data[start:end]))


class Upload:
    """`POST /v1/leads/imports:upload`: field `options` (JSON of CreateImportRequest), then field `file`."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    async def __call__(self, exchange: Exchange) -> None:
        """Create the import, append the file piece by piece, start it, answer 202 with the import."""
        self._edge.admit(exchange, is_public=False)
        transfer = _Transfer(self._edge, exchange)
        try:
            await self._receive(exchange, transfer)
        except (Problem, ClientGone, DomainError, grpc.aio.AioRpcError):
            await transfer.cancel()
            raise
        await exchange.answer(202, orjson.dumps(await transfer.start()))

    async def _receive(self, exchange: Exchange, transfer: _Transfer) -> None:
        options = b""
        async for part, piece in parts(exchange, self._edge.config.largest_upload):
            if part.file_name and part.name == "file":
                if not transfer.import_id:
                    await transfer.create(part.file_name, options)
                await transfer.append(piece)
            elif part.name == "options":
                if transfer.import_id:
                    raise Problem(422, "OPTIONS_AFTER_FILE", violations=[("options", "must come before the file")])
                options += piece
                if len(options) > _LARGEST_OPTIONS:
                    raise Problem(413, "BODY_TOO_LARGE", info={"limit_bytes": str(_LARGEST_OPTIONS)})
        if not transfer.import_id:
            raise Problem(422, "FILE_MISSING", violations=[("file", "must hold a file that is not empty")])


class _Transfer:
    """The RPCs of one upload."""

    def __init__(self, edge: Edge, exchange: Exchange) -> None:
        self._edge = edge
        self._exchange = exchange
        self._waiting = bytearray()
        self._offset = 0
        self.import_id = ""

    async def create(self, file_name: str, options: bytes) -> None:
        """Open the import."""
        method = self._method("CreateImport")
        try:
            payload = orjson.loads(options or b"{}")
        except orjson.JSONDecodeError as error:
            raise Problem(400, "MALFORMED_JSON", info={"line": str(error.lineno), "column": str(error.colno)}) from None
        request: Any = decode(payload, method.request)
        request.file_name = file_name
        request.request_id = request.request_id or request_id_of(self._exchange)
        self.import_id = _resource(await self._ask(method, request))["importId"]

    async def append(self, piece: bytes) -> None:
        """Take a piece of the file; send what fills a chunk."""
        self._waiting += piece
        while len(self._waiting) >= CHUNK:
            await self._send(CHUNK)

    async def start(self) -> dict[str, Any]:
        """Send the rest and start the import; return the import as JSON."""
        if self._waiting:
            await self._send(len(self._waiting))
        method = self._method("StartImport")
        request: Any = method.request()
        request.import_id = self.import_id
        try:
            return _resource(await self._ask(method, request))
        except grpc.aio.AioRpcError as error:
            # It stays open: whoever knows its id can correct the mapping of the columns and start it again.
            problem = problems.of_rpc(error)
            problem.info["import_id"] = self.import_id
            raise problem from None

    async def cancel(self) -> None:
        """Give up an import that will not be completed, as far as that is possible."""
        method = self._edge.catalogue.find(SERVICE, "CancelImport")
        if not self.import_id or method is None:
            return
        request: Any = method.request()
        request.import_id = self.import_id
        try:
            await self._ask(method, request)
        except grpc.aio.AioRpcError:
            return  # it stays open and is swept away by the lead service

    async def _send(self, size: int) -> None:
        method = self._method("AppendImportData")
        request: Any = method.request()
        request.import_id, request.offset, request.data = self.import_id, self._offset, bytes(self._waiting[:size])
        await self._ask(method, request)
        del self._waiting[:size]
        self._offset += size

    def _method(self, name: str) -> Method:
        return self._edge.method(SERVICE, name)

    async def _ask(self, method: Method, request: Any) -> Any:
        return await self._edge.backend.ask(method, request, self._exchange)


def _resource(response: Any) -> dict[str, Any]:
    """Return the import inside a response, whatever its field is called."""
    answer = encode(response)
    return next((value for value in answer.values() if isinstance(value, dict)), answer)
