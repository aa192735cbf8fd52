"""What a mail says and does not say, and which settings make no sense."""

from __future__ import annotations

from typing import Any

import pytest

from services.domain.errors import InvalidInput
from services.publish.notices.mail import MailSender
from services.publish.notices.notice import notice_of

OPTIONS = {"sender": "fada@clinic.example", "recipients": "ward@clinic.example, a@b.example"}


def test_a_mail_is_a_sentence_and_a_link() -> None:
    sender = MailSender("smtp.example", {**OPTIONS, "language": "fr"}, {})
    notice = notice_of("d-1", ("urgent", "preliminary"), "https://hub.example", "0192-a")
    mail = sender.message(notice, "a@b.example")
    assert mail["Subject"] == "FADA: Cas urgent"
    assert mail["Message-ID"] == "<d-1.1@clinic.example>"
    assert (mail["Auto-Submitted"], mail["Importance"]) == ("auto-generated", "high")
    assert mail.get_content().splitlines() == [
        "Une étude urgente est prête.",
        "https://hub.example/study/0192-a",
    ]


@pytest.mark.parametrize(
    ("address", "options"),
    [
        ("smtp.example:x", {}),
        ("user@smtp.example", {}),
        ("smtp.example/path", {}),
        ("smtp.example", {"sender": "nobody"}),
        ("smtp.example", {"recipients": ""}),
        ("smtp.example", {"recipients": "a@b.example, x\r\nBcc:y@z.example"}),
        ("smtp.example", {"recipients": ",".join(f"a{n}@b.example" for n in range(60))}),
        ("smtp.example", {"language": "xx"}),
        ("smtp.example", {"encryption": "none", "user": "fada"}),
    ],
)
def test_what_makes_no_sense_is_refused(address: str, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        MailSender(address, {**OPTIONS, **options}, {"password": "p"})
