"""A linear probe of 10 epochs: computing time of the whole run against the frozen peers, accuracy against no cache."""

from dataclasses import replace
from statistics import mean

from tests.benchmarks.contest import contest, first_epoch, ours, usual_epoch
from tests.benchmarks.peer import FASTAI, LIGHTNING, PLAIN, peers
from tests.benchmarks.pictures import flowers_dataset, flowers_folder
from tests.benchmarks.row import Row, times_faster
from tests.benchmarks.runs import new_run
from tests.benchmarks.scale import Scale
from tl.config import Training
from tl.store.files import read_json
from tl.store.home import Home

GOALS = {PLAIN: 12.0, FASTAI: 20.0, LIGHTNING: None}
MOST_POINTS_APART = 1.0


def linear_probe(home: Home, scale: Scale) -> list[Row]:
    """Ours has built its cache within its time; a peer's run is worked out from the epochs it did."""
    sizes = scale.pictures, scale.validation, scale.test
    dataset, _ = flowers_dataset(home, 64, *sizes)
    cached = Training(dataset=dataset, batch_size=scale.batch_size, epochs=scale.probe_epochs)
    plans = {"cached": cached, "uncached": replace(cached, views=0)}
    probes = {
        (plan, seed): new_run(home, "linear_probe", settings, seed=seed)
        for seed in range(scale.seeds)
        for plan, settings in plans.items()
    }
    folder = flowers_folder(home, *sizes)
    frozen = peers(home, folder, scale.batch_size, scale.peer_probe_epochs, frozen=True, names=GOALS)
    first = probes["cached", 0], probes["uncached", 0]
    turns = contest([ours("cached", first[0]), *frozen, ours("uncached", first[1])])
    for seed in range(1, scale.seeds):
        contest([ours(plan, probes[plan, seed]) for plan in plans])

    # Only of the seed that took turns with the peers: a noisy machine is another one minutes later.
    seconds = {plan: read_json(probes[plan, 0].result)["elapsed_seconds"] for plan in plans}
    what = f"linear probe, {scale.probe_epochs} epochs"
    worked_out = f"{scale.peer_probe_epochs} of {scale.probe_epochs} epochs measured"
    rows = [
        times_faster(what, seconds["cached"], peer, _whole_run(turns.get(peer), scale), goal, note=worked_out)
        for peer, goal in GOALS.items()
    ]
    rows.append(times_faster(what, seconds["cached"], "without the cache", seconds["uncached"]))
    return [*rows, _accuracy(probes, scale)]


def _whole_run(turns: list[dict] | None, scale: Scale) -> float | None:
    if turns is None:
        return None
    return first_epoch(turns) + (scale.probe_epochs - 1) * usual_epoch(turns)


def _accuracy(probes: dict, scale: Scale) -> Row:
    points = {
        plan: 100 * mean(read_json(probes[plan, seed].result)["test_accuracy"] for seed in range(scale.seeds))
        for plan in ("cached", "uncached")
    }
    return Row(
        what=f"test accuracy with and without the cache: difference, {scale.seeds} seeds, {scale.test} photos",
        measured=abs(points["cached"] - points["uncached"]),
        unit="points",
        at_most=MOST_POINTS_APART,
        note=f"{points['cached']:.1f} % and {points['uncached']:.1f} %",
    )
