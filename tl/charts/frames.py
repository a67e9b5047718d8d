"""Rows for the charts: metrics and hardware samples of many runs, made long and small enough to draw. No altair."""

import pandas as pd

# Axis as the page names it -> (column of the metrics, title of the axis).
AXES = {
    "epochs": ("epoch", "epoch"),
    "seconds": ("elapsed_seconds", "computing time, seconds"),
    "pictures": ("images_seen", "training pictures seen"),
}
MEASURES = {
    "accuracy": (("val_accuracy", "validation"), ("train_accuracy", "training")),
    "loss": (("val_loss", "validation"), ("train_loss", "training")),
    "seconds": (("epoch_seconds", "seconds"),),
    "rate": (("learning_rate", "rate"),),
}
CURVE_COLUMNS = ["arm", "series", "kind", "curve", "x", "y", "epoch", "stage", "runs"]
SAMPLE_COLUMNS = ["arm", "series", "x", "y"]
MAX_POINTS = 160  # per run in a chart of hardware samples


def curves(metrics: pd.DataFrame, axis: str, measure: str, training: bool = False) -> pd.DataFrame:
    """One row per point, columns CURVE_COLUMNS: every run thin ("seed") and the mean over seeds ("mean").

    `metrics` holds the epochs of all runs of an experiment. An arm with one run has only a mean. The mean at an
    epoch is drawn where at least half of the arm's runs have got there.
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
            frames.extend(_mean_and_runs(arm, of_arm, curve))
    if not frames:
        return pd.DataFrame(columns=CURVE_COLUMNS)
    joined = pd.concat(frames, ignore_index=True)[CURVE_COLUMNS]
    return joined.astype({"x": float, "y": float, "epoch": int, "runs": int, "arm": str, "stage": str, "series": str})


def _mean_and_runs(arm: str, points: pd.DataFrame, curve: str) -> list[pd.DataFrame]:
    runs = points["series"].nunique()
    by_epoch = points.groupby("epoch", sort=True)
    mean = by_epoch.agg(x=("x", "mean"), y=("y", "mean"), stage=("stage", "first"), runs=("series", "nunique"))
    mean = mean[mean["runs"] * 2 >= runs].reset_index()
    mean = mean.assign(arm=arm, series=f"{curve} mean of {arm}", kind="mean", curve=curve)
    if runs == 1:
        return [mean]
    single = points.assign(series=points["series"] + curve, kind="seed", curve=curve, runs=1)
    return [single, mean]


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
