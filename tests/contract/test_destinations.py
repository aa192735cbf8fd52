"""Destinations and rules in the index, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from index_cases import ANNA, BEN, report, send

from services.domain.errors import Conflict, InvalidInput, NotFound
from services.domain.report import Origin
from services.domain.routing import ResultKind, Rule
from services.domain.study import Role
from services.domain.work import DeliveryKind, DestinationKind
from services.index.port import DeliveryState, Destination, Index, NewDestination, Result

EMR = NewDestination("EMR", DestinationKind.HL7, "emr:2575", {"pdf": False}, "sealed", False)
HOOK = NewDestination("Ward", DestinationKind.WEBHOOK, "https://ward.example", by_default=False)


def add(index: Index, new: NewDestination = EMR) -> Destination:
    with index.begin() as tx:
        return tx.destinations.create(ANNA, new)


@pytest.fixture
def study(index: Index) -> str:
    with index.begin() as tx:
        return send(tx)[0].study_id


@pytest.fixture
def review(index: Index, study: str) -> Callable[..., Result]:
    def made(reviewed_by: str | None = "Anna") -> Result:
        with index.begin() as tx:
            reviewed = replace(report(), origin=Origin.REVIEW, reviewed_by=reviewed_by)
            return tx.results.add(ANNA, study, reviewed, [], origin=Origin.REVIEW, based_on=None)

    return made


def pushed(index: Index) -> list[tuple[str, tuple[str, ...], int | None]]:
    """(destination's name, what the result is, version), oldest first."""
    with index.read() as tx:
        names = tx.destinations.names("north")
        deliveries = [one for one in tx.deliveries.find("north") if one.destination_id]
    return [
        (names[str(one.destination_id)], one.results, one.version) for one in reversed(deliveries)
    ]


def test_a_destination_is_the_sites_own_and_its_changes_are_audited(index: Index) -> None:
    made = add(index)
    assert (made.kind, made.options, made.credentials) == (EMR.kind, EMR.options, "sealed")
    with index.begin() as tx:
        with pytest.raises(NotFound):
            tx.destinations.get("south", made.id)
        with pytest.raises(NotFound):
            tx.destinations.remove(BEN, made.id)
        with pytest.raises(Conflict):
            tx.destinations.create(ANNA, EMR)
        tx.destinations.create(BEN, EMR)
    with index.begin() as tx:
        changed = tx.destinations.change(ANNA, made.id, name="EMR 2", by_default=True)
        assert (changed.name, changed.by_default, changed.address) == ("EMR 2", True, "emr:2575")
        tx.destinations.remove(ANNA, made.id)
        assert [one.name for one in tx.destinations.find("north")] == []
        assert tx.destinations.names("north")[made.id] == "EMR 2"
        actions = [entry.action for entry in tx.audit.find("north", subject=made.id)]
    assert actions == ["destination.removed", "destination.changed", "destination.created"]
    add(index, replace(EMR, name="EMR 2"))  # the name is free again


def test_rules_are_kept_in_order_and_name_the_sites_destinations_alone(index: Index) -> None:
    made = add(index)
    with index.begin() as tx:
        foreign = tx.destinations.create(BEN, EMR)
    rules = [
        Rule(frozenset({ResultKind.URGENT}), destinations=(made.id,)),
        Rule(planes=frozenset({"head"}), origins=frozenset({"stow"})),
    ]
    with index.begin() as tx:
        tx.destinations.set_rules(ANNA, rules)
        assert tx.destinations.rules("north") == rules
        assert tx.destinations.rules("south") == []
        with pytest.raises(InvalidInput):
            tx.destinations.set_rules(ANNA, [Rule(destinations=(foreign.id,))])
        tx.destinations.set_rules(ANNA, [])
        assert tx.destinations.rules("north") == []


def test_what_was_signed_goes_to_the_default_and_a_draft_to_nobody(
    index: Index, review: Callable[..., Result]
) -> None:
    review(None)
    assert pushed(index) == []
    signed = review()
    assert pushed(index) == [("PACS", ("final",), signed.version)]
    again = review()
    assert pushed(index)[1:] == [("PACS", ("final",), again.version)]


def test_rules_decide(index: Index, study: str, review: Callable[..., Result]) -> None:
    emr, hook = add(index), add(index, HOOK)
    with index.begin() as tx:
        rules = [
            Rule(frozenset({ResultKind.FAILED}), destinations=(emr.id, hook.id)),
            Rule(frozenset({ResultKind.FINAL}), frozenset({"head"}), destinations=(emr.id,)),
        ]
        tx.destinations.set_rules(ANNA, rules)
        tx.events.add("north", "study.failed", study, {"job_id": "j", "code": "invalid_dicom"})
    failed = [("Ward", ("failed",), None)]
    assert pushed(index) == failed, "a failure is nothing for HL7"
    review()
    assert pushed(index) == [*failed, ("EMR", ("final",), 1)]
    with index.begin() as tx:
        tx.destinations.remove(ANNA, emr.id)
    review()
    assert len(pushed(index)) == 2, "a rule whose destination is gone sends nowhere else"


def test_a_result_is_sent_again_on_request(
    index: Index, study: str, review: Callable[..., Result]
) -> None:
    emr = add(index)
    with index.begin() as tx, pytest.raises(Conflict):
        tx.destinations.send_again(ANNA, study)
    review()
    with index.begin() as tx:
        (by_rules,) = tx.destinations.send_again(ANNA, study)
        (to_emr,) = tx.destinations.send_again(ANNA, study, emr.id)
        with pytest.raises(Conflict):
            tx.destinations.send_again(BEN, study, emr.id)
    assert pushed(index)[1:] == [("PACS", ("final",), 1), ("EMR", ("final",), 1)]
    assert to_emr.state is by_rules.state is DeliveryState.WAITING


def test_the_settings_pacs_is_taken_over_once_and_what_waits_for_it_goes_there(
    index: Index, review: Callable[..., Result]
) -> None:
    review()
    with index.begin() as tx:
        (pacs,) = tx.destinations.find("north")
        (delivery,) = tx.deliveries.find("north")
        assert (pacs.name, pacs.source, delivery.destination_id) == ("PACS", "settings", pacs.id)
        tx.destinations.remove(ANNA, pacs.id)
        tx.destinations.take_over("north")
        assert tx.destinations.find("north") == [], "one that was removed does not come back"
        assert tx.destinations.find("south") == []


def test_a_delivery_from_before_there_were_destinations_is_given_one(
    index: Index, study: str
) -> None:
    with index.begin() as tx:
        made = tx.deliveries._add(DeliveryKind.PUSH, "north", study, version=1)  # type: ignore[attr-defined]
        tx.destinations.take_over("north")
        (pacs,) = tx.destinations.find("north")
        assert tx.deliveries.get("north", made).destination_id == pacs.id


def test_browsers_are_one_persons_and_end_with_their_destination(index: Index) -> None:
    push = NewDestination("Browsers", DestinationKind.WEB_PUSH, "mailto:it@c.example")
    made = add(index, push)
    with index.begin() as tx:
        anna = tx.accounts.create(ANNA, "push-anna@c.example", "Anna", Role.READER).id
        tx.push_subscriptions.add(ANNA, made.id, anna, "https://p.example/1", "k", "s", "en")
        tx.push_subscriptions.add(ANNA, made.id, anna, "https://p.example/1", "k2", "s", "fr")
        with pytest.raises(NotFound):
            tx.push_subscriptions.add(BEN, made.id, anna, "https://p.example/2", "k", "s", "en")
    with index.begin() as tx:
        (one,) = tx.push_subscriptions.find("north", made.id)
        assert (one.key, one.language) == ("k2", "fr")
        assert tx.push_subscriptions.find("south", made.id) == []
        tx.push_subscriptions.forget("south", one.id)
        tx.push_subscriptions.remove(BEN, anna, one.endpoint)
        assert tx.push_subscriptions.of_account("north", anna) == [one]
        for number in range(2, 11):
            endpoint = f"https://p.example/{number}"
            tx.push_subscriptions.add(ANNA, made.id, anna, endpoint, "k", "s", "en")
        with pytest.raises(Conflict):
            tx.push_subscriptions.add(ANNA, made.id, anna, "https://p.example/11", "k", "s", "en")
        tx.accounts.change(ANNA, anna, disabled=True)
        assert tx.push_subscriptions.find("north", made.id) == []
        tx.destinations.remove(ANNA, made.id)
        assert tx.push_subscriptions.of_account("north", anna) == []


def test_rules_send_each_kind_of_result_to_people_and_programmes(
    index: Index, study: str, review: Callable[..., Result]
) -> None:
    people = add(index, NewDestination("People", DestinationKind.EMAIL, "smtp", by_default=False))
    browsers = add(
        index,
        NewDestination(
            "Browsers", DestinationKind.WEB_PUSH, "mailto:a@b.example", by_default=False
        ),
    )
    programme = add(index, NewDestination("DHIS2", DestinationKind.DHIS2, "https://d.example"))
    with index.begin() as tx:
        rules = [
            Rule(
                frozenset({ResultKind.FAILED}), destinations=(people.id, browsers.id, programme.id)
            ),
            Rule(frozenset({ResultKind.URGENT}), destinations=(browsers.id,)),
        ]
        tx.destinations.set_rules(ANNA, rules)
        tx.events.add("north", "study.failed", study, {"job_id": "j", "code": "invalid_dicom"})
    failed = [("People", ("failed",), None), ("Browsers", ("failed",), None)]
    assert pushed(index) == failed, "a programme has no event for what could not be read"
    review()
    assert {name for name, *_ in pushed(index)[2:]} == {"PACS", "DHIS2"}, "by default"
    with index.begin() as tx:
        tx.studies.set_urgent(ANNA, study, True)
    last = review()
    assert pushed(index)[-1] == ("Browsers", ("final", "urgent"), last.version)
    with index.begin() as tx:
        subject = tx.destinations.subject("north", study)
        assert subject is not None
        assert tx.destinations.route("north", subject).rule == 2
        assert [e.action for e in tx.audit.find("north") if e.action == "destination.rules"] != []
