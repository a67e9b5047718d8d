"""Advice: which rule speaks when, and with whose findings for and against it."""

from dataclasses import replace

import pytest

from tl.analysis.forecasts.advice import RULES, Facts, advise
from tl.analysis.statistics import HELPS, NO_DIFFERENCE
from tl.strategies import STRATEGIES

PHOTOS = Facts(samples=1000, epochs=10, drawn=False, source_data="photos", fits=True, stronger_than_random=None)


def rules(facts: Facts) -> list[str]:
    return [reason["rule"] for reason in advise(facts)["reasons"]]


@pytest.mark.parametrize(
    ("changes", "expected", "predicted", "first"),
    [
        ({}, ["under_10000"], HELPS, "full_finetuning"),
        ({"samples": 500}, ["under_10000"], HELPS, "full_finetuning"),
        ({"samples": 499, "fits": False}, ["small_memory", "few_hundred", "under_10000"], HELPS, "linear_probe"),
        ({"samples": 9_999}, ["under_10000"], HELPS, "full_finetuning"),
        ({"samples": 10_000}, ["short_schedule"], HELPS, "full_finetuning"),
        ({"samples": 10_000, "epochs": 99}, ["short_schedule"], HELPS, "full_finetuning"),
        ({"samples": 10_000, "epochs": 100}, ["many_pictures"], NO_DIFFERENCE, "full_finetuning"),
        ({"fits": False}, ["small_memory", "under_10000"], HELPS, "linear_probe"),
        ({"drawn": True}, ["drawn", "under_10000"], HELPS, "full_finetuning"),
        ({"stronger_than_random": True}, ["under_10000"], HELPS, "full_finetuning"),
        ({"stronger_than_random": False}, ["unlike_source", "under_10000"], NO_DIFFERENCE, "full_finetuning"),
        (
            {"samples": 50_000, "epochs": 24, "stronger_than_random": True},
            ["many_pictures"],
            NO_DIFFERENCE,
            "full_finetuning",
        ),
    ],
)
def test_the_first_rule_that_applies_decides(changes, expected, predicted, first):
    found = advise(replace(PHOTOS, **changes))
    assert rules(replace(PHOTOS, **changes)) == expected
    assert found["predicted"] == predicted
    assert found["strategies"][0] == first


def test_a_few_hundred_pictures_train_the_head_first():
    found = advise(replace(PHOTOS, samples=300))
    assert [reason["rule"] for reason in found["reasons"]] == ["few_hundred", "under_10000"]
    assert found["strategies"] == [key for key in ("lp_ft", "linear_probe") if key in STRATEGIES]
    assert "300 training pictures" in found["reasons"][0]["text"]


def test_many_pictures_in_few_epochs_are_told_with_the_budget():
    found = advise(replace(PHOTOS, samples=10_000, epochs=5))
    assert found["text"].startswith("Start with transfer")
    assert "hardly in 5 epochs: that is 50,000 pictures seen" in found["reasons"][0]["text"]


def test_only_strategies_that_there_are_are_advised(monkeypatch):
    left = {key: strategy for key, strategy in STRATEGIES.items() if key != "lp_ft"}
    monkeypatch.setattr("tl.analysis.forecasts.advice.STRATEGIES", left)
    assert advise(replace(PHOTOS, samples=300))["strategies"] == ["linear_probe"]


@pytest.mark.parametrize("key", RULES)
def test_every_rule_names_its_sources(key):
    assert RULES[key].sources
    for source in (*RULES[key].sources, *(example.source for example in RULES[key].counter_examples)):
        assert source.url.startswith("https://arxiv.org/abs/")


def test_a_rule_that_predicts_is_shown_with_where_it_failed():
    for rule in RULES.values():
        assert rule.counter_examples or not rule.predicts
    against = {example["source"]["who"] for reason in advise(PHOTOS)["reasons"] for example in reason["but"]}
    assert against == {"Kornblith et al. 2019", "Raghu et al. 2019", "He et al. 2018"}
