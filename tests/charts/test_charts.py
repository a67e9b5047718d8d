"""Charts keep one specification while runs learn; their rows say what the metrics say."""

import gettext
import re
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from tl import languages
from tl.charts import resources
from tl.charts.catalogue import CHARTS, Shown
from tl.charts.drawing import Drawing
from tl.charts.frames import AXES, MAX_POINTS, bands, curves, samples
from tl.charts.palette import ARM_COLOURS
from tl.charts.svg import as_svg
from tl.config import ArmConfig, Experiment
from tl.phases import part_in_words
from tl.store.metrics import METRICS, RESOURCES, typed_frame

ARMS = ["From scratch", "<b>bold</b> & [x](y)"]


def metrics(epochs: int, seeds: int = 1, arms=ARMS) -> pd.DataFrame:
    """Invented epochs of every arm and seed."""
    rows = [
        {
            "run_id": f"{arm}{seed}",
            "arm": arm,
            "seed": seed,
            "epoch": epoch,
            "stage": "everything",
            "train_loss": 2.0 / epoch,
            "train_accuracy": 0.1 * epoch,
            "val_loss": 2.1 / epoch,
            "val_accuracy": 0.1 * epoch + 0.01 * seed,
            "val_balanced_accuracy": 0.05 * epoch,
            "learning_rate": 1e-3,
            "train_seconds": 2.0,
            "eval_seconds": 0.5,
            "elapsed_seconds": 2.5 * epoch,
            "images_seen": 500 * epoch,
            "estimated_accuracy": 0.08 * epoch,
            "domain_accuracy": 0.9,
            "predicted_classes": 3,
        }
        for arm in arms
        for seed in range(seeds)
        for epoch in range(1, epochs + 1)
    ]
    return typed_frame(rows, METRICS)


def hardware(ticks: int, column: str = "memory_bytes") -> pd.DataFrame:
    """Invented hardware samples of one run per arm."""
    rows = [{"elapsed_seconds": float(tick), "memory_bytes": 2**30, "cpu_percent": 150.0} for tick in range(ticks)]
    return pd.concat([typed_frame(rows, RESOURCES).assign(arm=arm, run_id=arm) for arm in ARMS], ignore_index=True)


def shown(data: pd.DataFrame, epochs: int = 10, **how: Any) -> Shown:
    """`data` of an experiment with as many arms as there are ARMS."""
    how = {"arms": ARMS, "marks": MARKS} | how
    experiment = Experiment(
        dataset="stripes", epochs=epochs, judge_by="balanced_accuracy", arms=(ArmConfig(name="a", strategy="scratch"),)
    )
    return Shown(experiment=experiment, metrics=data, **how)


def drawn(name: str, data: pd.DataFrame, epochs: int = 10, **how: Any) -> Drawing:
    """One of CHARTS."""
    figure = CHARTS[name].draw(CHARTS[name], shown(data, epochs, **how))
    assert figure and figure.drawing
    return figure.drawing


def curve_rows(data: pd.DataFrame, axis: str, name: str, **how: Any) -> pd.DataFrame:
    """The rows of one of CHARTS."""
    line = CHARTS[name].line
    assert line
    return curves(data, axis, line, **how)


LINES = [name for name, chart in CHARTS.items() if chart.line]
WRONG = [(f"{ARMS[0]}0", 1, kind) for chart in CHARTS.values() for kind in chart.kinds]
MARKS = pd.DataFrame(WRONG, columns=["run_id", "epoch", "kind"])


@pytest.mark.parametrize("name", LINES)
def test_only_the_rows_change_while_runs_learn(name):
    first = 1 if CHARTS[name].kinds else 0  # what adapts is shown once something is known of it
    before, after = drawn(name, metrics(first)), drawn(name, metrics(7))
    assert before.view == after.view
    assert isinstance(after.spec["height"], int)


@pytest.mark.parametrize("name", LINES)
def test_every_arm_has_its_colour_before_it_has_data(name):
    for layer in drawn(name, metrics(1, arms=ARMS[1:])).spec["layer"]:
        assert layer["encoding"]["color"]["scale"] == {"domain": ARMS, "range": list(ARM_COLOURS[:2])}


def test_hardware_charts_keep_their_specification_too():
    for column in ("memory_bytes", "cpu_percent"):
        views = {resources.resource_chart(hardware(number), ARMS, column).view for number in (0, 50)}
        assert len(views) == 1


@pytest.mark.parametrize(
    ("most", "labels"), [(420e6, {"0 B", "100 MB", "400 MB"}), (2.3e9, {"500 MB", "1 GB", "1.5 GB", "2 GB"})]
)
def test_memory_is_labelled_in_megabytes_and_gigabytes(most, labels):
    data = hardware(5).assign(memory_bytes=lambda rows: (rows.index % 2 * most).astype("Int64"))
    svg = as_svg(resources.resource_chart(data, ARMS, "memory_bytes"))
    assert labels <= set(re.findall(r">([^<>]+)</text>", svg))


@pytest.mark.parametrize("arms", [ARMS, [*ARMS, "a", "b", "c"]])
def test_a_line_is_one_stroke_on_paper_or_dashed_and_never_dashed_without_gaps(arms):
    svg = as_svg(drawn("accuracy", metrics(4, arms=arms), 4, arms=arms, training=True))
    dashes = set(re.findall(r'stroke-dasharray="([^"]*)"', svg))
    assert dashes - {""} and all(float(gap) > 0 for dash in dashes - {""} for gap in dash.split(",")[1::2])


def test_balanced_accuracy_is_drawn_where_it_was_measured():
    rows = curve_rows(metrics(3), "epochs", "balanced_accuracy", training=True)
    assert rows[rows["arm"] == ARMS[0]]["y"].round(6).tolist() == [0.05, 0.1, 0.15]
    earlier = metrics(3).assign(val_balanced_accuracy=pd.NA)
    assert curve_rows(earlier, "epochs", "balanced_accuracy").empty


def test_the_axis_decides_what_x_is():
    for axis, (column, _) in AXES.items():
        rows = curve_rows(metrics(3), axis, "accuracy")
        assert sorted(set(rows["x"])) == sorted(set(metrics(3)[column].astype(float)))


def test_one_seed_gives_one_line_per_arm():
    rows = curve_rows(metrics(3), "epochs", "accuracy")
    assert set(rows["kind"]) == {"mean"} and len(rows) == 6


def test_several_seeds_give_their_mean_and_thin_single_lines():
    rows = curve_rows(metrics(3, seeds=3), "epochs", "accuracy")
    mean = rows[(rows["kind"] == "mean") & (rows["arm"] == ARMS[0])].sort_values("epoch")
    assert mean["y"].round(6).tolist() == [0.11, 0.21, 0.31] and mean["runs"].tolist() == [3, 3, 3]
    assert rows[rows["kind"] == "seed"]["series"].nunique() == 6


def test_the_band_is_the_interval_of_the_mean_from_three_runs_on():
    rows = curve_rows(metrics(2, seeds=3), "epochs", "accuracy").query("kind == 'mean'")
    # values 0.10, 0.11, 0.12: sd 0.01, t(2, 0.975) = 4.302653, so the half width is 4.302653 * 0.01 / sqrt(3)
    assert (rows["high"] - rows["y"]).round(6).tolist() == [0.024841] * 4
    assert (rows["y"] - rows["low"]).round(6).tolist() == [0.024841] * 4
    assert curve_rows(metrics(2, seeds=2), "epochs", "accuracy")["low"].isna().all()


def known(epochs: int, seeds: int, accuracy: float = 0.02, loss: float = 0.3, **columns) -> pd.DataFrame:
    """The same with standard errors from the validation pictures."""
    return metrics(epochs, seeds).assign(val_accuracy_error=accuracy, val_loss_error=loss, **columns)


def test_the_band_is_for_new_pictures_where_their_share_is_known():
    rows = curve_rows(known(2, 3), "epochs", "accuracy").query("kind == 'mean'")
    # seeds: 0.024841 as above; pictures: 1.959964 * 0.02 = 0.039199; together the root of the sum of their squares
    assert (rows["high"] - rows["y"]).round(5).tolist() == [0.04641] * 4
    assert set(rows["band"]) == {"new pictures"}
    alone = curve_rows(metrics(2, 3), "epochs", "accuracy").query("kind == 'mean'")
    assert set(alone["band"]) == {"other seeds"}


@pytest.mark.parametrize("seeds", [1, 2])
def test_one_or_two_runs_have_a_band_from_the_pictures_alone(seeds):
    rows = curve_rows(known(3, seeds), "epochs", "loss").query("kind == 'mean'")
    assert (rows["high"] - rows["y"]).round(4).tolist() == [0.588] * 6  # 1.959964 * 0.3
    assert set(rows["band"]) == {"these networks on new pictures"}
    assert set(curve_rows(metrics(3, seeds), "epochs", "loss")["band"]) == {""}


def test_a_run_that_does_not_know_its_error_leaves_the_seeds_alone():
    frame = known(2, 3)
    frame.loc[frame["seed"] == 1, "val_accuracy_error"] = pd.NA
    rows = curve_rows(frame, "epochs", "accuracy").query("kind == 'mean'")
    assert set(rows["band"]) == {"other seeds"} and rows["low"].notna().all()


def test_bands_stay_where_values_can_be():
    rows = curve_rows(known(3, 1, accuracy=0.4, loss=9.0), "epochs", "accuracy")
    assert rows["low"].min() == 0.0 and rows["high"].max() == 1.0
    loss = curve_rows(known(3, 1, loss=9.0), "epochs", "loss")
    assert loss["low"].min() == 0.0 and loss["high"].max() > 9


def test_all_right_is_no_certainty():
    frame = known(2, 1, val_accuracy=[0.5, 1.0] * 2).assign(val_accuracy_error=[0.05, 0.0] * 2)  # 100 pictures
    rows = curve_rows(frame, "epochs", "accuracy").query("epoch == 2")
    assert (rows["y"] - rows["low"]).round(5).tolist() == [round(1.959964 / 102, 5)] * 2
    alone = frame[frame["epoch"] == 2]
    assert curve_rows(alone, "epochs", "accuracy")["low"].isna().all(), "of how many pictures is not known"


@pytest.mark.parametrize(
    ("frame", "seeds", "words"),
    [
        (known(1, 3), 3, "Bands: 95 % interval for new pictures and other seeds"),
        (known(1, 1), 1, "Bands: 95 % interval for new pictures; another training may differ"),
        (metrics(1, 3), 3, "Bands: 95 % interval for other seeds on these validation pictures"),
        (metrics(1, 1), 1, ""),
    ],
)
def test_what_bands_are_for_is_said(frame, seeds, words):
    assert bands(frame, seeds) == words


@pytest.mark.parametrize(
    ("seeds", "words"), [(3, "those of balanced accuracy for other seeds only"), (1, "none for balanced accuracy")]
)
def test_balanced_accuracy_has_no_band_for_new_pictures(seeds, words):
    assert bands(known(1, seeds), seeds, "balanced_accuracy").endswith(f"; {words}")
    assert set(curve_rows(known(1, seeds), "epochs", "balanced_accuracy")["band"]) <= {"", "other seeds"}


def test_single_runs_can_be_left_out():
    rows = curve_rows(metrics(2, seeds=3), "epochs", "accuracy", single=False)
    assert set(rows["kind"]) == {"mean"} and len(rows) == 4
    charts = [drawn("loss", metrics(2, seeds=3), single=single) for single in (True, False)]
    assert charts[0].view == charts[1].view


def test_the_mean_ends_where_fewer_than_half_of_the_runs_got():
    frame = pd.concat([metrics(2, seeds=3), metrics(5, seeds=1)]).drop_duplicates(["run_id", "epoch"])
    mean = curve_rows(frame, "epochs", "accuracy").query("kind == 'mean'")
    assert mean["epoch"].max() == 2


def test_training_curves_come_only_when_wanted():
    assert set(curve_rows(metrics(2), "epochs", "loss")["curve"]) == {"validation"}
    assert set(curve_rows(metrics(2), "epochs", "loss", training=True)["curve"]) == {"validation", "training"}


def test_seconds_per_epoch_hold_training_and_validation():
    assert set(curve_rows(metrics(2), "epochs", "epoch_seconds")["y"]) == {2.5}


def test_what_was_not_measured_is_left_out_not_drawn_as_zero():
    frame = metrics(3)
    frame.loc[0, "val_accuracy"] = pd.NA
    assert len(curve_rows(frame, "epochs", "accuracy")) == 5
    assert samples(hardware(5), "gpu_utilisation").empty


def test_hardware_samples_are_thinned_by_means_in_order_of_time():
    rows = samples(hardware(2000), "memory_bytes", 1 / 2**20)
    one = rows[rows["series"] == ARMS[0]]
    assert MAX_POINTS / 2 < len(one) <= MAX_POINTS and one["x"].is_monotonic_increasing
    assert set(one["y"]) == {1024.0}


def test_a_short_recording_is_kept_as_it_is():
    assert samples(hardware(3), "cpu_percent", 0.01)["y"].tolist() == [1.5] * 6


def test_the_page_may_name_the_lines_itself():
    views = [drawn("loss", metrics(1), legend=legend).view for legend in (True, False)]
    assert ["labelLimit" in document for document in views] == [True, False]


class Quoted(gettext.NullTranslations):
    """A language in which all is said in quotation marks."""

    def gettext(self, message: str) -> str:
        return f"«{message}»"


def titles(spec: object) -> Iterator[str]:
    """Every title in a specification."""
    if isinstance(spec, dict):
        if isinstance(spec.get("title"), str):
            yield spec["title"]
        spec = list(spec.values())
    for inner in spec if isinstance(spec, list) else []:
        yield from titles(inner)


@pytest.mark.parametrize("name", LINES)
def test_titles_and_words_in_tooltips_are_in_the_readers_language(name, monkeypatch):
    monkeypatch.setattr(languages, "_catalogue", lambda code: Quoted())
    monkeypatch.setattr("tests.charts.test_charts.ARMS", [*ARMS, "quoted"])  # what is kept of it is nobody else's
    with languages.speaking("zh"):
        chart = drawn(name, known(3, 3))
    found = list(titles(chart.spec))
    assert found and all(title.startswith("«") for title in found)
    rows = chart.tables["rows"]
    assert {*rows["curve_words"]} == {f"«{curve}»" for curve in rows["curve"]}
    assert {*rows["stage"]} <= {"«everything»"} and all(band.startswith("«") for band in rows["band"] if band)


@pytest.mark.parametrize("name", ["head", "everything", "stem", "stage3", "stage2 and above", "stage4 and head", "own"])
def test_what_trains_is_said_as_the_metrics_have_it(name):
    assert part_in_words(name) == name
