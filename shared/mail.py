"""One SMTP conversation. The address comes from LIANXIAO_SMTP_URL: `smtp://user:password@host:587?from=a@b.cn`."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

_SECONDS = 20


class MailRefusedError(Exception):
    """The mail server said no for good; sending again would not help."""


class MailUncertainError(Exception):
    """The conversation broke where the server may have taken the mail already."""


class MailUnreachableError(Exception):
    """The server could not be reached, or asked us to come back; nothing was handed over."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mail server and who we are there."""

    host: str
    port: int
    user: str
    password: str
    sender: str
    encrypted: bool

    @classmethod
    def parse(cls, url: str) -> Mailbox:
        """Read a URL; `smtps` speaks TLS from the start."""
        parts = urlsplit(url)
        sender = parse_qs(parts.query).get("from", ["no-reply@localhost"])[0]
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(parts.hostname or "localhost", parts.port or 25, user, password, sender, parts.scheme == "smtps")

    def send(self, key: str, address: str, subject: str, body: str) -> None:
        """Send one text mail; `key` becomes its Message-ID, so that servers recognise a repeat."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, address, subject
        mail["Message-ID"] = f"<{key}@{self.sender.partition('@')[2]}>"
        mail.set_content(body)
        try:
            server = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            raise MailUnreachableError(type(error).__name__) from error
        try:
            server.send_message(mail)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise MailRefusedError(type(error).__name__) from error
        except (OSError, smtplib.SMTPException) as error:
            raise MailUncertainError(type(error).__name__) from error
        finally:
            server.close()

    def _connect(self) -> smtplib.SMTP:
        kind = smtplib.SMTP_SSL if self.encrypted else smtplib.SMTP
        server = kind(self.host, self.port, timeout=_SECONDS)
        server.ehlo()
        if not self.encrypted and server.has_extn("starttls"):
            server.starttls()
        if self.user:
            server.login(self.user, self.password)
        return server
