"""Traces, metrics and logs. Thin on purpose: the stock instrumentations cost more than a small RPC does.

Every request, event and job runs inside `span`; its trace id stands in the log, the audit entry and the error.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache

import orjson
from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags
from prometheus_client import Counter, Gauge, Histogram, start_http_server

from shared.settings import Settings

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_HEADER_PARTS = 4

RPC_SECONDS = Histogram("lianxiao_rpc_seconds", "Time to answer an RPC", ["method", "code"], buckets=_BUCKETS)
EVENT_SECONDS = Histogram(
    "lianxiao_event_seconds", "Time to handle an event", ["consumer", "outcome"], buckets=_BUCKETS
)
EVENT_LAG = Histogram("lianxiao_event_lag_seconds", "From commit to effect", ["consumer"], buckets=_BUCKETS)
JOB_SECONDS = Histogram("lianxiao_job_seconds", "Time of one run of a job", ["job", "outcome"], buckets=_BUCKETS)
RELAYED = Counter("lianxiao_relayed_events_total", "Events handed to the bus", ["service"])
RETURNED = Counter("lianxiao_returned_events_total", "Events that no queue took; they stay in the outbox", ["service"])
OUTBOX_AGE = Gauge("lianxiao_outbox_age_seconds", "Age of the oldest event not yet on the bus", ["service"])
DELIVERY_AGE = Gauge("lianxiao_delivery_age_seconds", "Age of the oldest delivery not yet handled", ["service"])
BOOK_FINDINGS = Gauge("lianxiao_book_findings", "What a check of the books found", ["institution", "check"])
PARKED = Gauge("lianxiao_parked_deliveries", "Deliveries that gave up and wait for a person", ["service"])


_ids = RandomIdGenerator()
_UNSAMPLED = TraceFlags(0)


class _Provider:
    tracer: trace.Tracer = trace.NoOpTracer()
    exports = False


def start(process: str, config: Settings) -> None:
    """Set up logs, and, where an address or port is set, span export over OTLP/HTTP and the metrics page."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(process))
    logging.basicConfig(level=config.log_level, handlers=[handler], force=True)
    if config.otlp_endpoint:
        # OTLP over HTTP: the gRPC exporter would block a worker's green threads.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

        provider = TracerProvider(resource=Resource({"service.name": process}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=config.otlp_endpoint)))
        _Provider.tracer, _Provider.exports = provider.get_tracer("lianxiao"), True
    if config.metrics_port:
        start_http_server(config.metrics_port, config.metrics_host)


class JsonLines(logging.Formatter):
    """One JSON object a line. Values come from `extra={"facts": {...}}` and must hold no personal data."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self.process = process

    def format(self, record: logging.LogRecord) -> str:
        """Render a record; exceptions keep their traceback but never the values of SQL parameters."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self.process,
            "message": record.getMessage(),
            "trace_id": trace_id(),
        }
        line.update(getattr(record, "facts", {}))
        if record.exc_info:
            line["error"] = _describe(record.exc_info[1])
        return orjson.dumps(line, default=str).decode()


def _describe(error: BaseException | None) -> dict[str, object]:
    # An exception's text may hold what a person typed; its type and place are enough to find the bug.
    frames = []
    place = error.__traceback__ if error else None
    while place is not None:
        code = place.tb_frame.f_code
        frames.append(f"{code.co_qualname}:{place.tb_lineno}")
        place = place.tb_next
    original = getattr(error, "orig", None)
    state = getattr(original, "pgcode", None)
    name = getattr(getattr(original, "diag", None), "constraint_name", None)
    return {"type": type(error).__name__, "frames": frames[-8:], "sqlstate": state, "constraint": name}


@contextmanager
def span(name: str, *, parent: str = "", kind: SpanKind = SpanKind.INTERNAL) -> Iterator[trace.Span]:
    """Run a block as a span, child of a W3C `traceparent` header or else of the current span."""
    remote = _parse(parent)
    if not _Provider.exports:
        with _unrecorded(remote) as current:
            yield current
        return
    context = trace.set_span_in_context(NonRecordingSpan(remote)) if remote else None
    with _Provider.tracer.start_as_current_span(name, context=context, kind=kind, record_exception=False) as current:
        yield current


@contextmanager
def _unrecorded(remote: SpanContext | None) -> Iterator[trace.Span]:
    """Pass a trace on without recording it; the SDK's own way costs several times as much."""
    above = remote or trace.get_current_span().get_span_context()
    trace_id, flags = (above.trace_id, above.trace_flags) if above.is_valid else (_ids.generate_trace_id(), _UNSAMPLED)
    made = NonRecordingSpan(SpanContext(trace_id, _ids.generate_span_id(), is_remote=False, trace_flags=flags))
    token = context_api.attach(trace.set_span_in_context(made))
    try:
        yield made
    finally:
        context_api.detach(token)


def traceparent() -> str:
    """Return the W3C header of the current span, or an empty text outside of spans."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def trace_id() -> str:
    """Return the current trace id in hexadecimal, or an empty text."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else ""


def _parse(header: str) -> SpanContext | None:
    parts = header.split("-")
    if len(parts) != _HEADER_PARTS:
        return None
    try:
        ids = int(parts[1], 16), int(parts[2], 16), int(parts[3], 16)
    except ValueError:
        return None
    context = SpanContext(ids[0], ids[1], is_remote=True, trace_flags=TraceFlags(ids[2]))
    return context if context.is_valid else None


@lru_cache(maxsize=2000)
def child(histogram: Histogram, *labels: str) -> Histogram:
    """Return the series of some labels; looking it up anew each time costs more than the observation."""
    return histogram.labels(*labels)


@contextmanager
def timed(histogram: Histogram, name: str) -> Iterator[None]:
    """Observe a block's duration under labels (name, "ok" or the error's type)."""
    start_time = time.perf_counter()
    outcome = "ok"
    try:
        yield
    except BaseException as error:
        outcome = type(error).__name__
        raise
    finally:
        child(histogram, name, outcome).observe(time.perf_counter() - start_time)
