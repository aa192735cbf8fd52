"""A ServiceRequest becomes an order, and an order a valid ServiceRequest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from fhir.resources.R4B.servicerequest import ServiceRequest

from services.domain.errors import InvalidInput
from services.domain.orders.order import OrderSource, OrderState
from services.domain.patient import Identity
from services.index.port import Order
from services.orders.fhir_order import order_of, resource_of

PATIENT = {
    "resourceType": "Patient",
    "id": "p",
    "identifier": [{"system": "urn:his", "value": "P1"}],
    "name": [{"family": "Doe", "given": ["Jane", "Maria"]}],
    "birthDate": "1990-02-01",
    "gender": "female",
}


def request(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "identifier": [{"system": "urn:his:order", "value": "SR-77"}],
        "subject": {"reference": "#p"},
        "contained": [PATIENT],
        "code": {"coding": [{"code": "US1", "display": "Growth scan"}]},
        "priority": "urgent",
        "occurrenceDateTime": "2026-03-01",
        "performer": [{"type": "Device", "identifier": {"value": "US2"}}],
        **more,
    }


def test_an_order_with_its_patient_contained() -> None:
    order, state = order_of(request())
    assert order.identity == Identity("P1", "Doe^Jane^Maria", "1990-02-01")
    assert (order.placer, order.placer_system, order.accession) == (
        "SR-77",
        "urn:his:order",
        "SR-77",
    )
    assert (order.day, order.station, order.procedure) == ("2026-03-01", "US2", "Growth scan")
    assert (order.urgent, order.sex, state) == (True, "F", None)


def test_a_bundle_and_a_subject_that_is_an_identifier_alone() -> None:
    alone = request(contained=None, status="revoked")
    del alone["contained"]
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"resource": PATIENT, "request": {"method": "PUT", "url": "Patient/p"}},
            {"resource": alone, "request": {"method": "POST", "url": "ServiceRequest"}},
        ],
    }
    order, state = order_of(bundle)
    assert (order.identity.number, state) == ("P1", OrderState.CANCELLED)
    named = {**alone, "subject": {"identifier": {"value": "P9"}, "display": "Roe"}}
    assert order_of(named)[0].identity == Identity("P9", "Roe")


@pytest.mark.parametrize(
    "body",
    [{}, {"resourceType": "Patient"}, {"resourceType": "ServiceRequest"}, request(status=7),
     request(contained=[]), {"resourceType": "Bundle", "type": "transaction"},
     request(occurrenceDateTime="2026")],
)  # fmt: skip
def test_what_is_no_order(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        order_of(body)


def test_an_order_is_a_valid_resource() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    order = Order(
        "0192", "north", "A1", "77", "HIS", OrderSource.HL7, OrderState.DISCONTINUED, True, "P1",
        "Doe^Jane", "1990-02-01", "F", "Growth scan", "", "", "US1", "2026-03-01", "09:30", "2.25.1",
        now, now,
    )  # fmt: skip
    assert ServiceRequest.model_validate(resource_of(order)).status == "revoked"
