"""What is known of an experiment's arms on shifted pictures, read from its runs' folders, and how it is said."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from tl.analysis.baselines import held_against
from tl.analysis.claim_wording import span
from tl.analysis.inspection.shifted import ArmUnderShift, Pair, ShiftComparison, compare_under_shift, of_arm
from tl.analysis.names import inside, noun, title
from tl.analysis.results import Interval
from tl.config import Experiment
from tl.languages import ENGLISH, joined, later, say, speaking
from tl.store.home import Home
from tl.store.shifted import KINDS, STRENGTHS, Shift, Shifted, read_shifted
from tl.words import count, number_of, percent, points

EXPLAINED = later(
    "The same test pictures blurred, noisy, strongly compressed and darker, each at three strengths, with networks that "
    "never saw such pictures. Intervals are 95 %, for other pictures of the kind and, from three seeds on, for other seeds."
)

COSTS = {  # whether the arm gains by the shifts, whether the other does -> what they cost either: half a sentence
    (True, True): later("Compared with the unshifted pictures, it gains {points} and {other} gains {other_points}"),
    (True, False): later("Compared with the unshifted pictures, it gains {points} and {other} loses {other_points}"),
    (False, True): later("Compared with the unshifted pictures, it loses {points} and {other} gains {other_points}"),
    (False, False): later("Compared with the unshifted pictures, it loses {points} and {other} loses {other_points}"),
}


class AnyRun(Protocol):
    """What has to be known of a run, whoever lists it."""

    @property
    def run_id(self) -> str: ...
    @property
    def arm(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def status(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class ShiftedRecord:
    """An experiment on shifted pictures."""

    arms: dict[str, ArmUnderShift]  # in the experiment's order; only those that were measured
    comparisons: dict[str, tuple[str, ShiftComparison]]  # arm -> what it is held against, and how it compares
    sizes: bool  # whether arms see pictures of different sizes: then each was shifted at its own

    @property
    def text(self) -> list[str]:
        """A sentence or two for each comparison."""
        told: list[str] = [
            joined([which_is_better(name, other, self.arms, found), which_holds_up(name, other, self.arms, found)])
            for name, (other, found) in self.comparisons.items()
        ]
        if self.sizes and told:
            told.append(
                say("The arms see pictures of different sizes; for each arm they were shifted at its own size.")
            )
        return told

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; accuracies and gains 0..1, the text in English."""
        with speaking(ENGLISH):
            text = [str(sentence) for sentence in self.text]
        return {
            "arms": {name: _arm_to_json(own) for name, own in self.arms.items()},
            "comparisons": {
                name: {
                    "against": other,
                    "seeds": found.seeds,
                    "gain": asdict(found.gain),
                    "gain_as_they_are": asdict(found.gain_clean),
                    "holds_up_better_by": asdict(found.kept),
                    "by_shift": _by_kind(found.by_shift),
                }
                for name, (other, found) in self.comparisons.items()
            },
            "text": text,
        }


def shifted_record(
    home: Home,
    experiment: Experiment,
    rows: Sequence[AnyRun],
    train_pictures: int | None,
    against: dict[str, str] | None = None,
) -> ShiftedRecord:
    """What has been measured so far; `against`: arm -> the one it is held against, by itself as the verdict has it.

    `train_pictures`: in the training part of the data set, where that is known.
    """
    found: dict[str, dict[int, Shifted]] = {arm.name: {} for arm in experiment.arms}
    for row in rows:
        measured = read_shifted(home.run(row.run_id).shifted) if row.status == "finished" else None
        if measured is not None and row.arm in found:
            found[row.arm][row.seed] = measured
    train_pictures = train_pictures if experiment.resplit else None
    arms = {name: own for name, runs in found.items() if (own := of_arm(list(runs.values()), train_pictures))}
    comparisons = {}
    for name, other in (held_against(experiment, None) if against is None else against).items():
        pairs: list[Pair] = [(own, found[other][seed]) for seed, own in found[name].items() if seed in found[other]]
        if known := compare_under_shift(pairs, train_pictures):
            comparisons[name] = (other, known)
    sides = {experiment.of(arm).resolution for arm in experiment.arms if arm.name in arms}
    return ShiftedRecord(arms=arms, comparisons=comparisons, sizes=len(sides) > 1)


def which_is_better(name: str, other: str, arms: dict[str, ArmUnderShift], found: ShiftComparison) -> str:
    """Who is right more often on shifted pictures, and by how much."""
    told = {
        "arm": title(name),
        "share": percent(arms[name].shifted.mean),
        "other": inside(other),
        "other_share": percent(arms[other].shifted.mean),
        "gain": points(found.gain.mean),
        "interval": _interval(found.gain),
    }
    if told["interval"] is None:
        words = later(
            "{arm} is right on {share} of the shifted pictures, {other} on {other_share}: {gain}, no clear difference."
        )
    elif clearly(found.gain):
        words = later(
            "{arm} is right on {share} of the shifted pictures, {other} on {other_share}: {gain} (95 % interval "
            "{interval})."
        )
    else:
        words = later(
            "{arm} is right on {share} of the shifted pictures, {other} on {other_share}: {gain} (95 % interval "
            "{interval}), no clear difference."
        )
    return say(words, **told)


def which_holds_up(name: str, other: str, arms: dict[str, ArmUnderShift], found: ShiftComparison) -> str:
    """Which of the two loses less by the shifts."""
    own, base, interval = arms[name].loss, arms[other].loss, _interval(found.kept)
    costs = say(COSTS[own < 0, base < 0], points=_lost(abs(own)), other=inside(other), other_points=_lost(abs(base)))
    open_ = {"costs": costs, "difference": points(found.kept.mean)}
    if interval is None:
        return say("{costs}; which one holds up better is not clear ({difference}).", **open_)
    if not clearly(found.kept):
        unclear = later("{costs}; which one holds up better is not clear ({difference}; 95 % interval {interval}).")
        return say(unclear, **open_, interval=interval)
    better, rest = (name, other) if found.kept.mean > 0 else (other, name)
    kept = found.kept if better == name else _turned(found.kept)
    told = {"costs": costs, "arm": noun(better), "difference": _lost(kept.mean), "interval": span(kept)}
    if clearly(found.gain) and arms[better].shifted.mean < arms[rest].shifted.mean:  # at chance, nothing can be lost
        return say(
            "{costs}: {arm} loses less, by {difference} (95 % interval {interval}), but it had less to lose.", **told
        )
    return say("{costs}: {arm} holds up better, by {difference} (95 % interval {interval}).", **told)


def clearly(found: Interval) -> bool:
    """Whether an interval lies on one side of 0."""
    return found.low is not None and found.high is not None and (found.low > 0 or found.high < 0)


def head() -> tuple[str, ...]:
    """Columns of `rows`."""
    kinds = (f"{say(kind)[0].upper()}{say(kind)[1:]}" for kind in KINDS.values())
    return (say("Arm"), say("Pictures"), say("As they are"), *kinds, say("All shifts"), say("Lost"))


def table_rows(record: ShiftedRecord) -> list[tuple[str, ...]]:
    """One per arm: accuracies, of each kind the mean over its strengths."""
    return [
        (
            title(name),
            say("{pictures}, {seeds}", pictures=count(own.pictures), seeds=number_of(own.seeds, "seed")),
            percent(own.clean.mean),
            *(percent(sum(own.by_shift[kind, s].mean for s in STRENGTHS) / len(STRENGTHS)) for kind in KINDS),
            percent(own.shifted.mean),
            _lost(own.loss),
        )
        for name, own in record.arms.items()
    ]


def _lost(loss: float) -> str:
    """5.0 points; what was gained has a minus."""
    return points(loss).removeprefix("+").removeprefix("±")


def _turned(found: Interval) -> Interval:
    low = None if found.high is None else -found.high
    high = None if found.low is None else -found.low
    return Interval(-found.mean, low, high, found.basis)


def _interval(found: Interval) -> str | None:
    """ "-1.0 to 3.0"; None where there is none."""
    return None if found.low is None or found.high is None else span(found)


def _arm_to_json(own: ArmUnderShift) -> dict[str, Any]:
    return {
        "seeds": own.seeds,
        "pictures": own.pictures,
        "as_they_are": asdict(own.clean),
        "shifted": asdict(own.shifted),
        "by_shift": _by_kind(own.by_shift),
    }


def _by_kind(found: dict[Shift, Interval]) -> dict[str, list[dict[str, Any]]]:
    """Kind -> an interval of each strength, the weakest first."""
    return {kind: [asdict(found[kind, strength]) for strength in STRENGTHS] for kind in KINDS}
