"""Rows for the charts: metrics and hardware samples of many runs, made long and small enough to draw. No altair."""

from dataclasses import dataclass
from math import nan

import pandas as pd
from scipy.special import ndtri, stdtrit  # quantiles: normal, Student's t

from tl.languages import later, say
from tl.measures import DISTURBED_LOAD
from tl.phases import part_in_words

MIN_RUNS = 3  # fewer say nothing about other networks, as in the verdict
DISTURBED = "disturbed"  # name of the table of epochs that others disturbed
# Axis as the page names it -> (column of the metrics, title of the axis).
AXES = {
    "epochs": ("epoch", later("epoch")),
    "seconds": ("elapsed_seconds", later("computing time")),
    "pictures": ("images_seen", later("training pictures seen")),
}
ERRORS = {"val_accuracy": "val_accuracy_error", "val_loss": "val_loss_error"}  # standard errors from the pictures
BOUNDS = {"share": (0.0, 1.0), "number": (0.0, None), "time": (0.0, None)}  # unit of a line -> no band leaves them
# What a band is for, as tooltips say it.
NEW_PICTURES, SEEDS = later("new pictures"), later("other seeds")
THESE_NETWORKS = later("these networks on new pictures")
CURVE_COLUMNS = [
    *("arm", "series", "kind", "curve", "curve_words", "x", "y", "low", "high", "band", "epoch", "stage", "runs"),
]
SAMPLE_COLUMNS = ["arm", "series", "x", "y"]
MAX_POINTS = 160  # per run in a chart of hardware samples


@dataclass(frozen=True)
class Line:
    """What is drawn over the epochs, a line for every arm."""

    columns: tuple[tuple[str, str], ...]  # of the metrics, each with the name of its curve; that of training comes last
    axis: str  # its title
    unit: str  # "share" (0..1), "number", "time" (seconds) or "rate" (logarithmic)
    ticks: int = 4  # about as many


def curves(metrics: pd.DataFrame, axis: str, line: Line, training: bool = False, single: bool = True) -> pd.DataFrame:
    """One row per point, columns CURVE_COLUMNS: the mean over seeds ("mean") and, with `single`, every run ("seed").

    `metrics` holds the epochs of all runs of an experiment. An arm with one run has only a mean. The mean at an
    epoch is drawn where at least half of the arm's runs have got there. `low` and `high` are its 95 % interval, `band`
    says what for: new validation pictures and, from 3 runs on, other seeds; where the pictures' share is not known,
    other seeds alone; NaN and "" where neither is. `curve` is a code, beside it and in `band` and `stage` are words.
    """
    frames = []
    column = AXES[axis][0]
    metrics = metrics.assign(epoch_seconds=metrics["train_seconds"] + metrics["eval_seconds"].fillna(0))
    for source, curve in line.columns if training else line.columns[:1]:
        points = pd.DataFrame(
            {
                "arm": metrics["arm"],
                "series": metrics["run_id"],
                "x": metrics[column].astype("Float64"),
                "y": metrics[source].astype("Float64"),
                "square": _squares(metrics, source),
                "epoch": metrics["epoch"],
                "stage": metrics["stage"],
            }
        ).dropna(subset=["x", "y"])
        for arm, of_arm in points.groupby("arm", sort=False):
            frames.extend(_mean_and_runs(str(arm), of_arm, curve, BOUNDS.get(line.unit))[0 if single else -1 :])
    if not frames:
        return pd.DataFrame(columns=CURVE_COLUMNS)
    joined = pd.concat(frames, ignore_index=True)
    for name, worded, words in (
        ("curve", "curve_words", say),
        ("stage", "stage", part_in_words),
        ("band", "band", say),
    ):
        codes = joined[name].astype(str)
        joined[worded] = codes.map({code: words(code) if code else "" for code in codes.unique()})
    joined = joined[CURVE_COLUMNS]
    numbers = dict.fromkeys(("x", "y", "low", "high"), float)
    texts = dict.fromkeys(("arm", "stage", "series", "band", "curve_words"), str)
    return joined.astype(numbers | texts | {"epoch": int, "runs": int})


def disturbed(metrics: pd.DataFrame) -> pd.DataFrame:
    """The epochs of all runs in which other programs had much of the machine: columns arm, x, y (seconds), others (0..1)."""
    seconds = metrics["train_seconds"].astype("Float64") + metrics["eval_seconds"].astype("Float64").fillna(0)
    rows = pd.DataFrame({"arm": metrics["arm"], "x": metrics["epoch"], "y": seconds, "others": metrics["others_load"]})
    found = rows[(rows["others"] > DISTURBED_LOAD).fillna(False)].dropna()
    return found.astype({"arm": str, "x": int, "y": float, "others": float})


def _squares(metrics: pd.DataFrame, source: str) -> pd.Series:
    """Squared standard errors that the validation pictures give a measure; NaN where they are not known.

    All right or all wrong is no proof of certainty: an accuracy's is that of one picture in n + 2 at least (as in
    tl.analysis.crossed), n known from the other epochs.
    """
    if source not in ERRORS:
        return pd.Series(nan, metrics.index)
    squares = metrics[ERRORS[source]].astype(float) ** 2
    if source != "val_accuracy":
        return squares
    accuracy = metrics[source].astype(float)
    pictures = (accuracy * (1 - accuracy) / squares.where(squares > 0)).median()
    return squares.clip(lower=1 / (pictures + 2) ** 2) if pictures > 0 else squares.where(squares > 0)


def _mean_and_runs(
    arm: str, points: pd.DataFrame, curve: str, bounds: tuple[float, float | None] | None
) -> list[pd.DataFrame]:
    runs = points["series"].nunique()
    mean = points.groupby("epoch", sort=True).agg(
        x=("x", "mean"),
        y=("y", "mean"),
        spread=("y", "std"),
        square=("square", "mean"),
        known=("square", "count"),
        stage=("stage", "first"),
        runs=("series", "nunique"),
    )
    mean = mean[mean["runs"] * 2 >= runs].reset_index()
    mean = _with_band(mean, bounds).assign(arm=arm, series=f"{curve}: {arm}", kind="mean", curve=curve)
    if runs == 1:
        return [mean]
    single = points.assign(series=points["series"] + curve, kind="seed", curve=curve, runs=1)
    return [single.assign(low=nan, high=nan, band=""), mean]


def _with_band(mean: pd.DataFrame, bounds: tuple[float, float | None] | None) -> pd.DataFrame:
    """The means at every epoch with `low`, `high` and `band`.

    The variance of a mean of S runs is s²/S + the mean of its runs' squared errors from the pictures, which are the same
    for all runs; each part has its own quantile (Howe 1974), with fewer than MIN_RUNS only the pictures' is known.
    """
    runs, enough = mean["runs"].astype(int), mean["runs"] >= MIN_RUNS
    quantiles = {number: float(stdtrit(number - 1, 0.975)) for number in runs[enough].unique()}
    of_seeds = runs.map(quantiles).astype(float) * mean["spread"].astype(float) / runs**0.5
    of_pictures = float(ndtri(0.975)) * mean["square"].astype(float).where(mean["known"] == runs) ** 0.5
    both = pd.concat([of_seeds, of_pictures], axis=1) ** 2
    half = both.sum(axis=1, min_count=1) ** 0.5
    band = pd.Series("", mean.index).mask(enough, SEEDS)
    band = band.mask(of_pictures.notna(), THESE_NETWORKS).mask(of_pictures.notna() & enough, NEW_PICTURES)
    low, high = (mean["y"].astype(float) + side * half for side in (-1, 1))
    if bounds:
        low, high = low.clip(lower=bounds[0]), high.clip(upper=bounds[1])
    return mean.assign(low=low, high=high, band=band.mask(half.isna(), ""))


def bands(metrics: pd.DataFrame, seeds: int, measure: str = "accuracy") -> str:
    """What the bands around curves of `measure` and of the loss are, in words; "" where there are none."""
    enough = seeds >= MIN_RUNS
    if not metrics["val_accuracy_error"].notna().any():
        return say("Bands: 95 % interval for other seeds on these validation pictures") if enough else ""
    if measure == "accuracy":
        if enough:
            return say("Bands: 95 % interval for new pictures and other seeds")
        return say("Bands: 95 % interval for new pictures; another training may differ")
    if enough:
        return say(
            "Bands: 95 % interval for new pictures and other seeds; those of balanced accuracy for other seeds only"
        )
    return say("Bands: 95 % interval for new pictures; another training may differ; none for balanced accuracy")


def samples(resources: pd.DataFrame, column: str, scale: float = 1.0) -> pd.DataFrame:
    """Hardware samples over the seconds since each trainer started, thinned to MAX_POINTS a run by means.

    `resources` is resources.parquet of the runs plus their `arm` and `run_id`; values are multiplied by `scale`.
    """
    frames = []
    for (arm, run_id), rows in resources.groupby(["arm", "run_id"], sort=False):
        known = rows[["elapsed_seconds", column]].dropna().astype(float)
        if known.empty:
            continue
        bins = (
            known.index.to_series().rank(method="first").sub(1) * MAX_POINTS // max(len(known), MAX_POINTS)
        ).to_numpy()
        means = known.groupby(bins).mean()
        x, y = means["elapsed_seconds"], means[column] * scale
        frames.append(pd.DataFrame({"arm": arm, "series": run_id, "x": x, "y": y}))
    if not frames:
        return pd.DataFrame(columns=SAMPLE_COLUMNS)
    return pd.concat(frames, ignore_index=True)[SAMPLE_COLUMNS]
