"""A real SMTP server for tests, with a memory."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler


@dataclass(frozen=True, slots=True)
class Mail:
    """A received mail."""

    to: str
    subject: str
    body: str
    message_id: str


class Letterbox(MessageHandler):
    """Keeps every mail."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Mail] = []
        self.url = ""

    def handle_message(self, message: Message) -> None:
        """Keep a mail."""
        payload = message.get_payload(decode=True)
        body = payload.decode() if isinstance(payload, bytes) else ""
        subject = str(message["Subject"])
        self.mails.append(Mail(str(message["To"]), subject, body.strip(), str(message["Message-ID"])))


@contextmanager
def smtp_server() -> Iterator[Letterbox]:
    """Run an SMTP server on a free port of this machine for the length of a block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    box = Letterbox()
    box.url = f"smtp://127.0.0.1:{port}?from=school@example.cn"
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
