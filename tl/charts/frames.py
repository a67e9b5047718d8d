"""Rows for the charts: metrics and hardware samples of many runs, made long and small enough to draw. No altair."""

from math import nan

import pandas as pd
from scipy.special import stdtrit  # Student's t quantile

MIN_RUNS = 3  # fewer give no interval, as in the verdict
# Axis as the page names it -> (column of the metrics, title of the axis).
AXES = {
    "epochs": ("epoch", "epoch"),
    "seconds": ("elapsed_seconds", "computing time"),
    "pictures": ("images_seen", "training pictures seen"),
}
MEASURES = {
    "accuracy": (("val_accuracy", "validation"), ("train_accuracy", "training")),
    "balanced_accuracy": (("val_balanced_accuracy", "validation"),),
    "loss": (("val_loss", "validation"), ("train_loss", "training")),
    "seconds": (("epoch_seconds", "seconds"),),
    "rate": (("learning_rate", "rate"),),
}
CURVE_COLUMNS = ["arm", "series", "kind", "curve", "x", "y", "low", "high", "epoch", "stage", "runs"]
SAMPLE_COLUMNS = ["arm", "series", "x", "y"]
MAX_POINTS = 160  # per run in a chart of hardware samples


def curves(metrics: pd.DataFrame, axis: str, measure: str, training: bool = False, single: bool = True) -> pd.DataFrame:
    """One row per point, columns CURVE_COLUMNS: the mean over seeds ("mean") and, with `single`, every run ("seed").

    `metrics` holds the epochs of all runs of an experiment. An arm with one run has only a mean. The mean at an
    epoch is drawn where at least half of the arm's runs have got there; `low` and `high` are its 95 % interval
    (Student t over the runs that have got there, NaN for fewer than 3).
    """
    frames = []
    column = AXES[axis][0]
    metrics = metrics.assign(epoch_seconds=metrics["train_seconds"] + metrics["eval_seconds"].fillna(0))
    wanted = MEASURES[measure] if training else MEASURES[measure][:1]
    for source, curve in wanted:
        points = pd.DataFrame(
            {
                "arm": metrics["arm"],
                "series": metrics["run_id"],
                "x": metrics[column].astype("Float64"),
                "y": metrics[source].astype("Float64"),
                "epoch": metrics["epoch"],
                "stage": metrics["stage"],
            }
        ).dropna(subset=["x", "y"])
        for arm, of_arm in points.groupby("arm", sort=False):
            frames.extend(_mean_and_runs(str(arm), of_arm, curve)[0 if single else -1 :])
    if not frames:
        return pd.DataFrame(columns=CURVE_COLUMNS)
    joined = pd.concat(frames, ignore_index=True)[CURVE_COLUMNS]
    numbers = dict.fromkeys(("x", "y", "low", "high"), float)
    return joined.astype(numbers | {"epoch": int, "runs": int, "arm": str, "stage": str, "series": str})


def _mean_and_runs(arm: str, points: pd.DataFrame, curve: str) -> list[pd.DataFrame]:
    runs = points["series"].nunique()
    if runs == 1:
        mean = points.sort_values("epoch")
        return [mean.assign(series=_mean_of(arm, curve), kind="mean", curve=curve, runs=1, low=nan, high=nan)]
    by_epoch = points.groupby("epoch", sort=True)
    mean = by_epoch.agg(
        x=("x", "mean"), y=("y", "mean"), spread=("y", "std"), stage=("stage", "first"), runs=("series", "nunique")
    )
    mean = mean[mean["runs"] * 2 >= runs].reset_index()
    half = _half_width(mean["spread"].astype(float), mean["runs"].astype(int))
    mean = mean.assign(low=mean["y"].astype(float) - half, high=mean["y"].astype(float) + half)
    mean = mean.assign(arm=arm, series=_mean_of(arm, curve), kind="mean", curve=curve)
    single = points.assign(series=points["series"] + curve, kind="seed", curve=curve, runs=1, low=nan, high=nan)
    return [single, mean]


def _mean_of(arm: str, curve: str) -> str:
    return f"{curve} mean of {arm}"


def _half_width(spread: pd.Series, runs: pd.Series) -> pd.Series:
    """Half the 95 % interval of a mean of so many runs with this standard deviation; NaN for fewer than MIN_RUNS."""
    quantiles = {number: float(stdtrit(number - 1, 0.975)) for number in runs.unique() if number >= MIN_RUNS}
    return runs.map(quantiles).astype(float) * spread / runs**0.5


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
