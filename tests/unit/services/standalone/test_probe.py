"""A listener that lives says something, whoever asks; one that hangs is seen, though it is connected to."""

from __future__ import annotations

import ipaddress
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from services.dicom.network import scp
from services.dicom.network.scp import Provider
from services.orders import mllp_listener
from services.orders.mllp_listener import MllpListener
from services.standalone.ports import HOST, free
from services.standalone.probe import DICOM, MLLP, listener_answers

ELSEWHERE = (ipaddress.ip_network("192.0.2.0/24"),)


@contextmanager
def dicom(folder: Path, **more: Any) -> Iterator[int]:
    bounds = scp.AssociationBounds("FADA", ("US1",), 16384, 4, 2**20, 5.0, **more)
    provider = Provider((HOST, 0), bounds, folder, lambda _path, _caller: 0)
    try:
        yield provider.port
    finally:
        provider.close()


@contextmanager
def mllp(**more: Any) -> Iterator[int]:
    listener = MllpListener((HOST, 0), mllp_listener.ListenerBounds(**more), lambda _: "")
    try:
        yield listener.port
    finally:
        listener.close()


def test_a_listener_answers_who_is_in_no_list_and_in_no_network(tmp_path: Path) -> None:
    for given in ({}, {"networks": ELSEWHERE}):
        with dicom(tmp_path, **given) as port:
            assert listener_answers(HOST, port, DICOM)
            assert listener_answers("0.0.0.0", port, DICOM), "on all addresses"
        with mllp(**given) as port:
            assert listener_answers(HOST, port, MLLP)


def test_a_request_for_an_association_is_answered_in_the_words_of_dicom(tmp_path: Path) -> None:
    with dicom(tmp_path) as port, socket.create_connection((HOST, port), timeout=60) as link:
        link.sendall(DICOM)
        answer = link.recv(10, socket.MSG_WAITALL)
    assert (answer[0], answer[8:10]) == (3, b"\x02\x02"), "rejected by ACSE: protocol version"


@pytest.mark.parametrize("words", [DICOM, MLLP])
def test_one_that_hangs_does_not_answer(words: bytes) -> None:
    """The kernel connects for it."""
    with socket.create_server((HOST, 0)) as hanging:
        assert not listener_answers(HOST, hanging.getsockname()[1], words, 0.3)


def test_a_container_is_probed_by_its_own_program() -> None:
    probe = [sys.executable, "-m", "services.standalone.probe", "mllp"]
    with mllp() as port:
        assert subprocess.run([*probe, str(port)]).returncode == 0
    assert subprocess.run([*probe, str(free(1)[0])]).returncode == 1
