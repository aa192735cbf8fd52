"""The first rule that fits decides; the default takes preliminary and final results alone."""

from __future__ import annotations

import pytest

from services.domain.routing import DeliverySubject, ResultKind, Route, Rule, route

FINAL = DeliverySubject(
    frozenset({ResultKind.FINAL}), "head", frozenset({"trans-thalamic"}), "dimse"
)
URGENT = DeliverySubject(
    frozenset({ResultKind.PRELIMINARY, ResultKind.URGENT}), "head", origin="phone"
)
FAILED = DeliverySubject(frozenset({ResultKind.FAILED}))


def test_without_rules_results_go_to_the_default_and_failures_nowhere() -> None:
    assert route([], ["pacs"], FINAL) == Route(("pacs",), None)
    assert route([], ["pacs"], URGENT) == Route(("pacs",), None)
    assert route([], ["pacs"], FAILED) == Route((), None)


def test_first_rule_that_fits_decides_also_for_nowhere() -> None:
    rules = [
        Rule(results=frozenset({ResultKind.URGENT}), destinations=("ward", "pacs", "ward")),
        Rule(results=frozenset({ResultKind.PRELIMINARY})),
        Rule(destinations=("archive",)),
    ]
    assert route(rules, ["pacs"], URGENT) == Route(("ward", "pacs"), 1)
    preliminary = DeliverySubject(frozenset({ResultKind.PRELIMINARY}))
    assert route(rules, ["pacs"], preliminary) == Route((), 2)
    assert route(rules, ["pacs"], FAILED) == Route(("archive",), 3)


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (Rule(planes=frozenset({"head"})), True),
        (Rule(planes=frozenset({"abdomen"})), False),
        (Rule(findings=frozenset({"trans-thalamic", "other"})), True),
        (Rule(findings=frozenset({"other"})), False),
        (Rule(origins=frozenset({"dimse"}), planes=frozenset({"head"})), True),
        (Rule(origins=frozenset({"phone"}), planes=frozenset({"head"})), False),
    ],
)
def test_every_condition_must_hold(rule: Rule, fits: bool) -> None:
    assert rule.fits(FINAL) is fits
