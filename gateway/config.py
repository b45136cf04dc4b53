"""Settings of the gateway alone; what it shares with the services stands in shared.settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Config:
    """What the edge needs to know; `from_environment` names the variable of each field."""

    http_host: str = "127.0.0.1"
    http_port: int = 8080
    partner_port: int = 0
    partner_certificate: Path | None = None
    partner_key: Path | None = None
    partner_clients: Path | None = None
    deadline_seconds: float = 5.0
    requests_per_minute: int = 600
    streams_per_caller: int = 5
    largest_body: int = 1024 * 1024
    largest_upload: int = 32 * 1024 * 1024
    trusted_proxies: str = "127.0.0.1"
    image: Path = _HERE.parent / "gen/image.binpb"
    console: Path = _HERE / "web/dist"


def from_environment(env: dict[str, str]) -> Config:
    """Read a Config from LIANXIAO_* variables; what is not set keeps its default."""
    default = Config()

    def text(name: str, otherwise: object) -> str:
        return env.get(f"LIANXIAO_{name}") or str(otherwise)

    def path(name: str) -> Path | None:
        value = env.get(f"LIANXIAO_{name}")
        return Path(value) if value else None

    return Config(
        http_host=text("HTTP_HOST", default.http_host),
        http_port=int(text("HTTP_PORT", default.http_port)),
        partner_port=int(text("PARTNER_PORT", default.partner_port)),
        partner_certificate=path("PARTNER_CERTIFICATE_FILE"),
        partner_key=path("PARTNER_KEY_FILE"),
        partner_clients=path("PARTNER_CLIENT_CA_FILE"),
        deadline_seconds=float(text("DEADLINE_SECONDS", default.deadline_seconds)),
        requests_per_minute=int(text("REQUESTS_PER_MINUTE", default.requests_per_minute)),
        streams_per_caller=int(text("STREAMS_PER_CALLER", default.streams_per_caller)),
        largest_body=default.largest_body,
        largest_upload=default.largest_upload,
        trusted_proxies=text("TRUSTED_PROXIES", default.trusted_proxies),
        image=path("DESCRIPTOR_IMAGE") or default.image,
        console=path("CONSOLE_DIR") or default.console,
    )
