"""The HL7 listener: a message becomes orders or news in one transaction, and then has its answer."""

from __future__ import annotations

import logging

from services.domain.errors import FadaError, Forbidden
from services.domain.study import Principal, Role
from services.index.port import Index
from services.listening import LOOPBACK, is_loopback, parse_networks, server_tls
from services.orders.acknowledgement import ACCEPTED, ERROR, REJECTED, acknowledgement
from services.orders.hl7_orders import NEWS, ORDERS, UnknownMessage, news_of, orders_of
from services.orders.message import Hl7Message, parse
from services.orders.mllp_listener import ListenerBounds, MllpListener
from services.settings import Settings

_log = logging.getLogger("gateway.hl7.server")


class Hl7Server:
    """Takes ORM^O01, OMG^O19, ADT^A08 and ADT^A40 for the site that the settings name."""

    def __init__(self, index: Index, settings: Settings, *, port: int | None = None) -> None:
        """``port`` goes before the settings' port; 0 takes a free one.

        Raises:
            OSError: it is taken, or a certificate cannot be read.
            InvalidInput: a network of the settings is none.
        """
        self._index, self._settings = index, settings
        self._senders = {one.strip() for one in settings.hl7_senders.split(",") if one.strip()}
        # Without a list of senders only this very machine may send.
        host = settings.host if self._senders or is_loopback(settings.host) else LOOPBACK
        bounds = ListenerBounds(
            networks=parse_networks(settings.hl7_networks, "FADA_HL7_NETWORKS"),
            tls=server_tls(settings.hl7_tls_certificate, settings.hl7_tls_ca),
        )
        address = (host, settings.hl7_port if port is None else port)
        self._listener = MllpListener(address, bounds, self.answer)

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return self._listener.port

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def answer(self, data: bytes) -> str:
        """AA when all of the message is kept; AE: send it again later; AR: never in this form."""
        message: Hl7Message | None = None
        try:
            message = parse(data)
            self._take(message)
        except FadaError as error:
            _log.warning("message refused", extra={"code": error.code})
            code = ERROR if error.status >= 500 else REJECTED
            return acknowledgement(message, code, error.detail, data)
        except Exception as error:  # the sender must get an answer, and keeps its message
            _log.error("message failed", extra={"error": type(error).__name__})
            return acknowledgement(message, ERROR, "The hub could not take this message.", data)
        return acknowledgement(message, ACCEPTED)

    def _take(self, message: Hl7Message) -> None:
        who = self._principal(message)
        if message.kind in ORDERS:
            orders = orders_of(message)
            with self._index.begin() as tx:
                for one in orders:
                    order, _ = tx.orders.place(who, one.order)
                    if one.state is not None:
                        tx.orders.set_state(who, order.id, one.state)
        elif message.kind in NEWS:
            news = news_of(message)
            with self._index.begin() as tx:
                tx.patient_news.receive(who, news)
        else:
            raise UnknownMessage("Send ORM^O01, OMG^O19, ADT^A08 or ADT^A40.")

    def _principal(self, message: Hl7Message) -> Principal:
        """Who sends, for which site. Raises Forbidden."""
        sender = message.header.text(3)
        if self._senders and sender not in self._senders:
            raise Forbidden("The sending application of MSH-3 is not listed here.")
        site = self._settings.hl7_sites.get(message.header.text(4), self._settings.hl7_site)
        name = "".join(c for c in sender if c.isalnum() or c in "_.-")[:40]
        return Principal(f"hl7:{name}", site, Role.DEVICE)
