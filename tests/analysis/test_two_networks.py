"""What the verdict says where arms differ in what they transfer: the source, the network, and what each is held against."""

import numpy as np
from verdict_lab import FULL, PROBE, SCRATCH, answered, judge

from tl.analysis.baselines import held_against
from tl.analysis.guessing import Pictures
from tl.arms import parse_arms
from tl.config import ArmConfig, Experiment
from tl.report import findings
from tl.strategies import STRATEGIES

TINY = "mobilenet_v2-tiny-imagenet-64"
LITE = {"backbone": "efficientnet_lite0"}


def right(share: float, seeds: int = 3, pictures: int = 300) -> np.ndarray:
    """(seeds, pictures): so many of the answers right, not the same ones in every seed."""
    found = np.zeros((seeds, pictures), bool)
    for seed in range(seeds):
        found[seed, np.random.default_rng(seed).permutation(pictures)[: round(share * pictures)]] = True
    return found


def verdict_of(arms: dict[str, tuple[str, dict, float]], **options):
    """The verdict on arms: name -> (strategy, what it has of its own, share of right answers)."""
    own = tuple(ArmConfig(name=name, strategy=strategy, **own) for name, (strategy, own, _) in arms.items())
    runs = [
        answered(name, rows, seed) for name, (_, _, share) in arms.items() for seed, rows in enumerate(right(share))
    ]
    spec = Experiment(
        dataset="blossoms", weights=TINY, arms=own, seeds=(0, 1, 2), target_dataset=options.get("works_on")
    )
    return judge(spec, runs, **options)


def test_between_two_sources_the_verdict_names_them():
    found = verdict_of({FULL: (FULL, {}, 0.6), "other": (FULL, {"weights": "imagenet"}, 0.8)})
    assert found.comparisons["other"].differs == ("weights",)
    assert found.text.startswith(
        "Transferring from ImageNet instead of Tiny ImageNet helps: +20.0 points on new pictures"
    )


def test_between_two_networks_it_says_which_does_better_and_not_that_transfer_helps():
    found = verdict_of({SCRATCH: (SCRATCH, {}, 0.6), "mine": (PROBE, LITE, 0.72)})
    assert found.text.startswith(
        "EfficientNet-Lite0 (mine) does better than MobileNetV2 from scratch: +12.0 points on new pictures"
    )
    assert "The networks differ, so this is not the effect of transfer alone." in found.text
    assert "ransfer (" not in found.text and "ransfer helps" not in found.text
    shown = findings.fairness_rows(found)[1]
    assert shown["Network"] == "EfficientNet-Lite0" and "Resolution" not in shown


def test_an_arm_that_adapts_is_held_against_the_source_alone_that_began_as_it_did():
    both = "source_only,dann,source_only:weights=random,mcc:weights=random"
    held = held_against(Experiment(dataset="a", target_dataset="b", arms=parse_arms(both)))
    source, mcc = (f"{STRATEGIES[key].title}, from scratch" for key in ("source_only", "mcc"))
    assert held == {"dann": "source_only", source: "source_only", mcc: source}
    plain = Experiment(dataset="a", target_dataset="b", arms=parse_arms("source_only,dann,scratch,mcc:weights=random"))
    assert held_against(plain) == {"dann": "source_only", "scratch": "source_only", mcc: "scratch"}


def test_a_gain_over_a_source_alone_that_began_otherwise_is_not_called_one_of_adapting():
    arms = {"source_only": ("source_only", {}, 0.8), "Mine": ("dann", {"weights": "random"}, 0.5)}
    text = verdict_of(arms, works_on="sketches").text
    assert text.startswith("Mine instead of source only hurts") and "Only one of the two began with pretrained" in text
    alike = {name: (key, {"weights": "random"}, share) for name, (key, _, share) in arms.items()}
    text = verdict_of(alike, works_on="sketches").text
    assert text.startswith("Negative transfer: adapting hurts") and "began with pretrained" not in text


def test_an_adapting_arm_that_hurts_is_named_beside_the_best():
    """As measured from art to photographs: the best way to adapt is undecided, another one hurts."""
    arms = {"source_only": ("source_only", {}, 0.7), "adabn": ("adabn", {}, 0.71), "dann": ("dann", {}, 0.4)}
    found = verdict_of(arms, works_on="photos")
    assert (found.headline, found.headline_claim.outcome, found.hurting) == ("adabn", "undecided", ("dann",))
    assert (
        "Negative transfer: adapting by domain-adversarial training (DANN) hurts: −30.0 points on new pictures like "
        "those of photos" in found.text
    )
    assert found.to_json()["hurting"] == ["dann"]
    guess = {name: (key, own, share / 3) for name, (key, own, share) in arms.items()}
    assert "Negative transfer" not in verdict_of(guess, works_on="photos", test=Pictures((75,) * 4)).text


def test_of_several_arms_the_one_that_hurts_is_told_beside_the_one_that_helps():
    found = verdict_of({SCRATCH: (SCRATCH, {}, 0.6), FULL: (FULL, {}, 0.8), PROBE: (PROBE, {}, 0.4)})
    assert "Transfer (full fine-tuning) helps: +20.0" in found.text
    assert "Transfer (linear probe) hurts: −20.0" in found.text


def test_the_other_outcomes_of_two_networks_are_named_as_plainly():
    worse = verdict_of({SCRATCH: (SCRATCH, {}, 0.7), PROBE: (PROBE, {"resolution": 128}, 0.5)})
    assert worse.text.startswith(
        "MobileNetV2 at 128 px (linear probe) does worse than MobileNetV2 at 64 px from scratch"
    )
    assert "The resolutions differ, so" in worse.text
    one = verdict_of({SCRATCH: (SCRATCH, {}, 0.6), PROBE: (PROBE, LITE, 0.602)})
    assert one.text.startswith("It is undecided whether EfficientNet-Lite0 (linear probe) does better than MobileNetV2")


def test_an_arm_is_held_against_the_same_network_from_scratch_where_there_is_one():
    arms = {
        SCRATCH: (SCRATCH, {}, 0.5),
        "plain": (SCRATCH, LITE, 0.4),
        FULL: (FULL, {}, 0.6),
        "probe": (PROBE, LITE, 0.8),
    }
    found = verdict_of(arms)
    assert {name: entry.against for name, entry in found.comparisons.items()} == {
        "plain": SCRATCH,
        FULL: SCRATCH,
        "probe": "plain",
    }
    assert found.headline == "probe" and found.text.startswith(
        "Of all 4 arms, probe did best. Transfer (probe), against the same network from scratch, helps: +40.0 points"
    )
    assert "not the effect of transfer alone" not in found.text
    chosen = verdict_of(arms, baseline=FULL)
    assert {entry.against for entry in chosen.comparisons.values()} == {FULL}


def test_beside_an_arm_from_scratch_the_sources_are_held_against_each_other_too():
    found = verdict_of(
        {SCRATCH: (SCRATCH, {}, 0.5), FULL: (FULL, {}, 0.6), "more": (FULL, {"weights": "imagenet"}, 0.8)}
    )
    assert found.text.startswith(
        "Of the 2 arms compared with training from scratch, more did best. Transfer (more) helps:"
    )
    (entry,) = found.between.values()
    assert (entry.against, entry.claim.outcome) == (FULL, "helps")
    assert "Transferring from ImageNet instead of Tiny ImageNet (full fine-tuning) helps: +20.0 points" in found.text


def test_of_several_networks_the_best_is_told_whichever_comes_first():
    arms = {"a": (PROBE, {}, 0.8), "b": (PROBE, LITE, 0.6), "c": (PROBE, {"backbone": "resnet18"}, 0.5)}
    found = verdict_of(arms)
    assert found.text.startswith(
        "Of all 3 arms, a did best, ahead of b. EfficientNet-Lite0 (b) does worse than MobileNetV2 (a): −20.0 points"
    ), found.text
    assert (
        "allowing for the choice among 2" in found.text and "The networks and pretrained weights differ." in found.text
    )
    turned = verdict_of(dict(reversed(arms.items())))
    assert turned.text.startswith("Of all 3 arms, a did best. MobileNetV2 (a) does better than ResNet-18 (c): +30.0")
