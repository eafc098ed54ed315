"""E-mails: by SMTP if one is named, else to the log of a demonstration."""

import smtplib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

from api.services import Services
from kernel import logs
from kernel.cities import City
from web.marking import N_

TIMEOUT_SECONDS = 20
_SUBJECT = N_("Your code for Duiscoin %(city)s: %(code)s")
_BODY = N_(
    "Your code is %(code)s\n\nIt is valid for ten minutes. If you did not ask for it, you need do nothing.\n"
)
_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along."""

    name: str
    content: bytes
    media_type: str = "application/pdf"


class NoMailServer(Exception):
    """No SMTP server is configured, and this is no demonstration; see docs/operations.md."""


def send_code(services: Services, city: City, payload: Mapping[str, Any]) -> None:
    """Send a sign-in code. Raises NoMailServer, OSError, smtplib.SMTPException; then it is tried again."""
    translation = services.translations[payload["language"]]
    values = {"city": city.name, "code": payload["code"]}
    message = EmailMessage()
    message["From"] = services.settings.email_from
    message["To"] = payload["email"]
    message["Subject"] = translation.gettext(_SUBJECT) % values
    message.set_content(translation.gettext(_BODY) % values)
    if services.settings.smtp_url is not None:
        _send(services.settings.smtp_url, message)
    elif services.settings.demo:
        _log.info("sign-in-code", code=payload["code"])
    else:
        raise NoMailServer


def send(
    services: Services, to: str, subject: str, body: str, attachments: Sequence[Attachment] = ()
) -> None:
    """Send an e-mail; a demonstration notes in its log that one would go. Raises as `send_code`."""
    message = EmailMessage()
    message["From"] = services.settings.email_from
    message["To"] = to
    message["Subject"] = " ".join(subject.split())
    message.set_content(body)
    for one in attachments:
        kind, _, subkind = one.media_type.partition("/")
        message.add_attachment(one.content, maintype=kind, subtype=subkind, filename=one.name)
    if services.settings.smtp_url is not None:
        _send(services.settings.smtp_url, message)
    elif services.settings.demo:
        _log.info("e-mail", subject=message["Subject"], attachments=len(attachments))
    else:
        raise NoMailServer


def _send(smtp_url: str, message: EmailMessage) -> None:
    parts = urlsplit(smtp_url)
    context = ssl.create_default_context()
    host, port = parts.hostname or "localhost", parts.port
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, port or 587, timeout=TIMEOUT_SECONDS)
    with server:
        if parts.scheme != "smtps" and server.has_extn("starttls"):
            server.starttls(context=context)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)
