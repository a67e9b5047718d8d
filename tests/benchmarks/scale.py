"""How much is measured: enough to mean something, or just enough to see that everything runs."""

from dataclasses import dataclass, replace

from tl.jobs.memory import free_gpu_bytes


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The amounts of all benchmarks; the defaults are those that the goals name."""

    pictures: int = 2000  # photographs to train on
    validation: int = 500
    test: int = 1000  # only where accuracy is compared
    batch_size: int = 64
    epochs: int = 3  # of whole epochs; the first is told apart, the median of the others is compared
    probe_epochs: int = 10
    peer_probe_epochs: int = 2  # of the frozen peers, whose epochs are all alike; the whole run is worked out
    seeds: int = 3
    saving_epochs: int = 9  # more than there are views: with fewer nothing is used twice
    start_rounds: int = 3
    inspected_pictures: int = 5_000  # of a test set on the Inspect page
    short_sizes: tuple[int, ...] = (60, 120, 240, 480)  # of a sweep of short runs
    short_pictures: int = 200
    saving_pictures: int = 600
    saving_validation: int = 150
    alternating_pictures: int = 1000  # a change of turns costs by the epoch, so fewer would overstate it
    alternating_epochs: int = 2
    alternating_rounds: int = 2
    busy_pictures: int = 500
    busy_epochs: int = 12
    small_sizes: int = 3  # of memory: 1, 1.5 and 2 GB
    small_modes: int = 2  # at home, hosted
    small_journeys: int = 2  # Quick look, Few photos
    many_pictures: int = 50_000
    memory_seconds: float = 8.0  # of training that are watched
    step_seconds: float = 6.0  # of a bare step, per turn: about as long as training's, so that both warm up alike
    limit_turns: int = 6  # of a bare step and of training; the median is compared
    limits: tuple[tuple[str, int, int, int], ...] = (  # backbone, resolution, batch, pictures of an epoch
        ("mobilenet_v2", 64, 64, 3520),
        ("resnet18", 64, 64, 2560),
        ("resnet50", 224, 16, 64),
    )
    gpu_turns: int = 4  # of them on a GPU, where all is to take ten minutes
    limit_share: float = 0.95  # of the bare step's speed that is the goal
    visitors: int = 50  # of a hosted demo
    browsers: int = 2  # of them that have one, where memory allows: one takes about a core while it draws
    arrival_seconds: float = 30.0  # in which they come
    soak_minutes: float = 60.0
    soak_runs: int = 100
    runs: int = 10_000
    nodes: int = 500  # of a cluster that does not exist
    simulated_comparisons: int = 2000  # per cell of the certainty table
    simulated_splits: int = 400  # of them with classifiers that really learn
    simulated_sweeps: int = 60  # with curves fitted to a thousand draws of each
    labelled_pictures: int = 3_670  # of which some labels are flipped
    forecast_pictures: int = 2_500  # of a split, at most
    forecast_seeds: int = 2  # draws of the pictures that are known at first
    ranked_pictures: int = 300  # that the hint and its probes see
    mutants: int = 5  # changes a module, drawn by chance
    mutated: tuple[str, ...] = ()  # modules; none named: those whose faults cost most
    own_epochs: int = 6  # of learning on drawings
    gpu: bool = False


FULL = Scale()
TINY = Scale(
    inspected_pictures=500,
    short_sizes=(16, 32),
    short_pictures=24,
    labelled_pictures=300,
    pictures=96,
    validation=32,
    test=32,
    batch_size=16,
    epochs=2,
    probe_epochs=3,
    peer_probe_epochs=2,
    seeds=1,
    saving_epochs=6,
    start_rounds=1,
    saving_pictures=64,
    saving_validation=20,
    alternating_pictures=64,
    alternating_epochs=2,
    alternating_rounds=1,
    busy_pictures=48,
    busy_epochs=3,
    small_sizes=1,
    small_modes=1,
    small_journeys=1,
    many_pictures=2500,
    memory_seconds=1.0,
    step_seconds=0.2,
    limit_turns=2,
    gpu_turns=2,
    visitors=4,
    browsers=1,
    arrival_seconds=2.0,
    soak_minutes=0.1,
    soak_runs=4,
    runs=40,
    nodes=10,
    simulated_comparisons=8,
    simulated_splits=4,
    simulated_sweeps=1,
    forecast_pictures=300,
    ranked_pictures=60,
    own_epochs=1,
    forecast_seeds=1,
    limits=(("mobilenet_v2", 64, 16, 64), ("resnet18", 64, 16, 64), ("resnet50", 64, 8, 16)),
)


def choose(tiny: bool) -> Scale:
    """The scale for this computer: a GPU needs more work for the same time."""
    if tiny:
        return replace(TINY, gpu=free_gpu_bytes() is not None)
    if free_gpu_bytes() is None:
        return FULL
    limits = (("mobilenet_v2", 64, 256, 2560), ("resnet18", 64, 256, 2560), ("resnet50", 224, 128, 2560))
    return replace(FULL, epochs=8, limits=limits, limit_share=0.9, gpu=True)
