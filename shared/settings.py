"""Settings, read once from the environment. No secret has a default: a process that lacks one does not start."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sqlalchemy.engine import URL, make_url


@dataclass(frozen=True, slots=True)
class Settings:
    """What a process needs to know about its surroundings; each field names its variable in `from_environment`."""

    database_url: str
    database_prefix: str
    app_password: str
    amqp_url: str
    grpc_host: str
    grpc_port: int
    grpc_addresses: str
    grpc_threads: int
    metrics_host: str
    metrics_port: int
    pool_size: int
    kek_file: Path | None
    key_store_dir: Path | None
    jwt_private_key_file: Path | None
    jwt_public_keys_dir: Path | None
    audit_checkpoint_dir: Path | None
    payment_accounts_dir: Path | None
    signing_keys_dir: Path | None
    otlp_endpoint: str
    smtp_url: str
    public_url: str
    log_level: str
    max_attempts: int
    retry_seconds: float

    def admin_url(self) -> URL:
        """Return the URL that `migrate` uses to create databases and roles."""
        if not self.database_url:
            raise SystemExit("LIANXIAO_DATABASE_URL is not set: give the address of a PostgreSQL server")
        return make_url(self.database_url)

    def database_name(self, service: str) -> str:
        """Return the name of a service's database."""
        return f"{self.database_prefix}_{service}"

    def role_url(self, service: str, role: str) -> URL:
        """Return a service's own URL for role `app` or `owner`; LIANXIAO_<SERVICE>_<ROLE>_URL overrides it."""
        explicit = os.environ.get(f"LIANXIAO_{service.upper()}_{role.upper()}_URL")
        if explicit:
            return make_url(explicit)
        url = self.admin_url().set(username=f"{service}_{role}", database=self.database_name(service))
        return url.set(password=self.app_password) if self.app_password else url


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this process."""
    return from_environment(dict(os.environ))


def from_environment(env: dict[str, str]) -> Settings:
    """Read settings from a mapping of LIANXIAO_* variables."""

    def text(name: str, default: str = "") -> str:
        return env.get(f"LIANXIAO_{name}", default)

    def path(name: str) -> Path | None:
        value = text(name)
        return Path(value) if value else None

    return Settings(
        database_url=text("DATABASE_URL"),
        database_prefix=text("DATABASE_PREFIX", "lianxiao"),
        app_password=text("DATABASE_PASSWORD"),
        amqp_url=text("AMQP_URL"),
        grpc_host=text("GRPC_HOST", "127.0.0.1"),
        grpc_port=int(text("GRPC_PORT", "7001")),
        grpc_addresses=text("GRPC_ADDRESSES", "*=127.0.0.1:7001"),
        grpc_threads=int(text("GRPC_THREADS", "16")),
        metrics_host=text("METRICS_HOST", "127.0.0.1"),
        metrics_port=int(text("METRICS_PORT", "0")),
        pool_size=int(text("POOL_SIZE", "16")),
        kek_file=path("KEK_FILE"),
        key_store_dir=path("KEY_STORE_DIR"),
        jwt_private_key_file=path("JWT_PRIVATE_KEY_FILE"),
        jwt_public_keys_dir=path("JWT_PUBLIC_KEYS_DIR"),
        audit_checkpoint_dir=path("AUDIT_CHECKPOINT_DIR"),
        payment_accounts_dir=path("PAYMENT_ACCOUNTS_DIR"),
        signing_keys_dir=path("SIGNING_KEYS_DIR"),
        otlp_endpoint=text("OTLP_ENDPOINT"),
        smtp_url=text("SMTP_URL"),
        public_url=text("PUBLIC_URL"),
        log_level=text("LOG_LEVEL", "INFO"),
        max_attempts=int(text("MAX_ATTEMPTS", "8")),
        retry_seconds=float(text("RETRY_SECONDS", "2")),
    )
