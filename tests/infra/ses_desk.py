"""A running local SES with a client of the real SDK; what tests of it begin with."""

import queue
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infra.local.ses import SesStandIn

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MESSAGE_ID = "0123456789abcdef0123456789abcdef"
TAGS = [{"Name": "mailsight_message_id", "Value": MESSAGE_ID}]

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c63f8cfc0f01f00050001ff56c72f0d0000000049454e44ae426082"
)

Notification = dict[str, Any]


class Desk:
    """A stand-in at noon, a client of it that tries once, and what it published."""

    def __init__(
        self,
        folder: Path,
        *,
        publish: Callable[[Notification], None] | None = None,
        read_timeout: float = 30,
        **options: Any,
    ) -> None:
        self.told: queue.Queue[Notification] = queue.Queue()
        options = {"delay": 0.01, "clock": lambda: NOON, **options}
        self.ses = SesStandIn("127.0.0.1", 0, folder, publish or self.told.put, **options)
        self.client = boto3.client(
            "sesv2",
            endpoint_url=self.ses.url,
            region_name="eu-west-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout),
        )
        self.is_closed = False
        self.ses.start()

    def send(self, *to: str, raw: bytes = b"", **more: Any) -> str:
        """Send a raw mail as the application does; its SES id. A parameter that is None is left out."""
        request = {
            "FromEmailAddress": "sales@crm.example",
            "Destination": {"ToAddresses": list(to)},
            "Content": {"Raw": {"Data": raw or mail()}},
            "ConfigurationSetName": "events",
            "EmailTags": TAGS,
            **more,
        }
        return str(self.client.send_email(**{key: value for key, value in request.items() if value})["MessageId"])

    def kept(self, ses_id: str) -> bytes:
        """The mail as recipients get it."""
        found = self.ses.mailbox.read(ses_id)
        assert found
        return found.raw

    def close(self) -> list[Notification]:
        """Stop, once; everything that was published."""
        if not self.is_closed:
            self.ses.stop()
            self.client.close()
            self.is_closed = True
        return [self.told.get_nowait() for _ in range(self.told.qsize())]


def mail(subject: str = "Hello", body: str = "Hello Anna", **headers: str) -> bytes:
    """A plain mail; `Reply_To` is the header Reply-To."""
    message = EmailMessage(policy=SMTP)
    message["From"] = "Sales <sales@crm.example>"
    message["To"] = "anna@example.com"
    message["Subject"] = subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    return message.as_bytes()


def rich(html: str = "") -> bytes:
    """A mail with text, HTML with an inline image, and an attachment, with non-ASCII everywhere."""
    message = EmailMessage(policy=SMTP)
    message["From"] = "Jürgen Groß <juergen@crm.example>"
    message["To"] = "Anna Berg <anna@example.com>, raj@example.com"
    message["Cc"] = "chef@example.com"
    message["Subject"] = "Ihr Angebot für März ✓"
    message.set_content("Grüße, https://example.com/a?b=1&c=2")
    html = (
        html or '<!DOCTYPE html><html><head><base href="https://evil.example/"></head><p>Grüße <img src="cid:logo@crm">'
    )
    message.add_alternative(html, subtype="html", charset="iso-8859-1")
    message.get_payload()[1].add_related(PNG, "image", "png", cid="<logo@crm>")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="Angebot März.pdf")
    return message.as_bytes()
