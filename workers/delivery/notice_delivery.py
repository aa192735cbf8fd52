"""Word of a result to people: one delivery, and what became of it with each recipient or browser."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from services.domain.errors import Conflict, Unavailable
from services.index.port import Delivery, Index, ObjectOutcome, ObjectState, PushSubscription
from services.publish.notices.mail import MailSender
from services.publish.notices.notice import notice_of
from services.publish.notices.web_push import GONE, Browser, PushSender
from services.publish.outcomes import Taken


class RecipientsRefused(Conflict):
    """Others may have it; who does not, the delivery says."""

    code, title = "recipients_refused", "Some recipients cannot be reached under their address"


class RecipientsWait(Unavailable):
    """Some are tried again."""

    code, title = "push_failed", "Not all recipients could be reached yet"


class NoticeDelivery:
    """Safe to share between threads. Whoever has it is not told again when a delivery is repeated."""

    def __init__(self, index: Index, public_url: str) -> None:
        self._index, self._public_url = index, public_url

    def send(self, sender: MailSender | PushSender, delivery: Delivery) -> None:
        """Raises the receiver's FadaError, RecipientsRefused, RecipientsWait."""
        notice = notice_of(delivery.id, delivery.results, self._public_url, delivery.study_id)
        outcomes = {one.sop_uid: one for one in delivery.objects}
        done = {name for name, one in outcomes.items() if one.state is not ObjectState.WAITING}
        kind = "recipient" if isinstance(sender, MailSender) else "browser"
        try:
            answers: Iterator[Taken]
            if isinstance(sender, MailSender):
                answers = sender.tell(notice, done)
            else:
                answers = sender.tell(notice, self._browsers(delivery), done)
            for taken in answers:
                if taken.code == GONE:
                    outcomes.pop(taken.sop_uid, None)
                    with self._index.begin() as tx:
                        tx.push_subscriptions.forget(delivery.site, taken.sop_uid)
                    continue
                outcomes[taken.sop_uid] = ObjectOutcome(
                    taken.sop_uid, kind, _state(taken), taken.code
                )
        finally:
            with self._index.begin() as tx:
                tx.deliveries.note_objects(delivery.id, tuple(outcomes.values()))
        states = {one.state for one in outcomes.values()}
        if ObjectState.WAITING in states:
            raise RecipientsWait()
        if ObjectState.REFUSED in states:
            raise RecipientsRefused()

    def _browsers(self, delivery: Delivery) -> list[Browser]:
        with self._index.read() as tx:
            subscriptions = tx.push_subscriptions.find(delivery.site, str(delivery.destination_id))
        return [_browser(one) for one in subscriptions]


def _browser(one: PushSubscription) -> Browser:
    return Browser(one.id, one.endpoint, _bytes(one.key), _bytes(one.secret), one.language)


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _state(taken: Taken) -> ObjectState:
    if not taken.code:
        return ObjectState.DELIVERED
    return ObjectState.WAITING if taken.again else ObjectState.REFUSED
