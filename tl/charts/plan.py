"""What trains when: stages x epochs of one arm, colour is the learning rate, a thin grey line is frozen."""

import functools
import json
from collections.abc import Iterator
from itertools import groupby

import altair as alt
import numpy as np
import pandas as pd

from tl.backbones import BACKBONES
from tl.charts.drawing import ROWS, Drawing, base_chart, kept
from tl.charts.palette import FROZEN_COLOUR, RATE_COLOURS
from tl.config import ArmConfig, Training
from tl.languages import later, say, semicolons
from tl.phases import HEAD, Phase, part_in_words, phase_at
from tl.schedules import SCHEDULES
from tl.words import rate

LOWEST_RATE, HIGHEST_RATE = 1e-6, 1e-1  # ends of the colours; beyond them the colour stays
MAX_COLUMNS = 100  # a longer budget shows several epochs as one
ROW_HEIGHT = 15  # pixels a stage
AXIS_HEIGHT = 46  # pixels: the epochs below them, with their title
PADDING = {"left": 0, "top": 4, "right": 8, "bottom": 4}  # pixels: small charts have none to spare
LEGEND_HEIGHT = 40  # pixels
AT_ONCE = later("none: computed in one go")  # in place of a rate where nothing trains by gradient
FROZEN = later("frozen")
PALE = 0.45  # opacity of what has yet to come
COLUMNS = ["stage", "start", "end", "rate", "shown", "epochs", "when", "opacity"]


def stage_names(training: Training, arm: ArmConfig) -> tuple[str, ...]:
    """The rows of an arm's plan, from the input to the head."""
    return (*BACKBONES[training.of(arm).backbone].stage_names, HEAD)


def plan_rows(
    training: Training, arm: ArmConfig, done: pd.DataFrame | None = None, ended: bool = False
) -> pd.DataFrame:
    """One row per stage and stretch of epochs, columns COLUMNS; `rate` is NaN where the stage is frozen.

    `done` holds the metrics of the arm's run, None before there is one: its epochs show what trained and the rate at
    their end, those after it what is planned, at the rate in their middle; where the run has `ended` nothing follows.
    """
    epochs = list(_epochs(training, arm, done, ended))
    width = -(-training.epochs_of(arm) // MAX_COLUMNS)
    rows = []
    for (_, _, trained), group in groupby(epochs, lambda entry: ((entry[0] - 1) // width, entry[1].name, entry[3])):
        stretch = list(group)
        first, last = stretch[0][0], stretch[-1][0]
        _, phase, base, _ = stretch[len(stretch) // 2]
        for stage in stage_names(training, arm):
            here = base * phase.rates[stage] if base is not None and stage in phase.rates else None
            rows.append(
                {
                    "stage": stage,
                    "start": first - 0.5,
                    "end": last + 0.5,
                    "rate": here,
                    "shown": rate(here) if here is not None else say(AT_ONCE if stage in phase.rates else FROZEN),
                    "epochs": f"{first}" if first == last else say("{first} to {last}", first=first, last=last),
                    "when": say("trained") if trained else say("planned"),
                    "opacity": 1.0 if trained or done is None else PALE,
                }
            )
    types = {"start": float, "end": float, "rate": float, "opacity": float}
    return pd.DataFrame(rows, columns=COLUMNS).astype(types)


def _epochs(
    training: Training, arm: ArmConfig, done: pd.DataFrame | None, ended: bool
) -> Iterator[tuple[int, Phase, float | None, bool]]:
    """(epoch, phase, rate that its stages' factors multiply, whether it has been trained), from the first to the last."""
    phases, total = training.phases_of(arm), training.epochs_of(arm)
    by_name = {phase.name: phase for phase in phases}
    start, reached, epoch = training.rate_of(arm), phases[0], 0
    if start is None:
        trained = done is not None and not done.empty
        yield from () if ended and not trained else [(1, reached, None, trained)]
        return
    if done is not None:
        start = found_rate(training, arm, done) or start
        for epoch, name, head_rate in done[["epoch", "stage", "learning_rate"]].dropna().itertuples(index=False):
            reached = by_name.get(name) or phase_at(phases, epoch)
            yield int(epoch), reached, float(head_rate) / reached.rates[HEAD], True
    for following in () if ended else range(int(epoch) + 1, total + 1):
        # A phase that began earlier than planned goes on.
        reached = max(reached, phase_at(phases, following), key=phases.index)
        yield following, reached, start * _factor(training, total, following - 0.5), False


def _factor(training: Training, total: int, epochs_done: float) -> float:
    return SCHEDULES[training.schedule].factor(epochs_done, total, training.step_epochs, training.step_factor)


def found_rate(training: Training, arm: ArmConfig, done: pd.DataFrame) -> float | None:
    """The head's rate that a range test chose, from the first epoch's; None where none was asked for or trained yet."""
    first = done[["epoch", "stage", "learning_rate", "images_seen"]].dropna().head(1)
    if not training.finds_rate_of(arm) or first.empty or first["epoch"].iloc[0] != 1:
        return None
    phases, total = training.phases_of(arm), training.epochs_of(arm)
    steps = max(1, -(-int(first["images_seen"].iloc[0]) // training.batch_size))
    factor = phases[0].rates[HEAD] * _factor(training, total, 1 - 1 / steps)
    return float(first["learning_rate"].iloc[0]) / factor


def plan_words(training: Training, arm: ArmConfig) -> str:
    """The plan in words: what trains from which epoch on, at which rate of the head."""
    total, start = training.epochs_of(arm), training.rate_of(arm)
    if start is None:
        return say("the head is computed in one go")
    return semicolons(_phase_words(phase, start) for phase in training.phases_of(arm) if phase.start_epoch <= total)


def _phase_words(phase: Phase, start: float) -> str:
    told = {"part": part_in_words(phase.name), "epoch": phase.start_epoch, "rate": rate(start * phase.rates[HEAD])}
    if phase.patience:
        return say("{part} from epoch {epoch} at the latest at {rate}", **told)
    return say("{part} from epoch {epoch} at {rate}", **told)


def _colour() -> alt.Color:
    scale = alt.Scale(type="log", domain=[LOWEST_RATE, HIGHEST_RATE], range=list(RATE_COLOURS), clamp=True)
    return alt.Color("rate:Q", scale=scale, legend=None)


def plan_chart(rows: pd.DataFrame, training: Training, arm: ArmConfig) -> Drawing:
    """The plan of one arm as a heat map, the head on top; `rows` as `plan_rows` gives them."""
    return Drawing(_heat_map(stage_names(training, arm), training.epochs_of(arm)), {ROWS: rows})


@kept
def _heat_map(stages: tuple[str, ...], total: int) -> alt.TopLevelMixin:
    words = f"({json.dumps({stage: part_in_words(stage) for stage in stages}, ensure_ascii=False)})"
    told = base_chart().transform_calculate(part=f"{words}[datum.stage]")
    base = told.encode(
        x=alt.X(
            "start:Q",
            title=say("epoch"),
            scale=alt.Scale(domain=[0.5, total + 0.5], nice=False),
            axis=alt.Axis(tickMinStep=1, format="d", grid=False, labelPadding=4, titlePadding=4),
        ),
        x2="end:Q",
        y=alt.Y(
            "stage:N",
            title=say("input → head"),
            scale=alt.Scale(domain=list(reversed(stages))),
            axis=alt.Axis(
                domain=False,
                ticks=False,
                grid=False,
                labelPadding=4,
                titlePadding=6,
                labelFontSize=10,
                labelOverlap=False,
                labelExpr=f"{words}[datum.value]",
            ),
        ),
        opacity=alt.Opacity("opacity:Q", scale=None),
        tooltip=[
            alt.Tooltip("part:N", title=say("stage")),
            alt.Tooltip("epochs:N", title=say("epoch")),
            alt.Tooltip("shown:N", title=say("learning rate")),
            alt.Tooltip("when:N", title=say("status")),
        ],
    )
    trains = base.transform_filter("isValid(datum.rate)").mark_bar(
        height=alt.RelativeBandSize(band=0.86), x2Offset=-0.75
    )
    frozen = base.transform_filter("!isValid(datum.rate)").mark_bar(height=3, color=FROZEN_COLOUR)
    layers = alt.layer(trains.encode(color=_colour()), frozen)
    return layers.properties(height=ROW_HEIGHT * len(stages) + AXIS_HEIGHT, padding=PADDING)


def legend_chart() -> Drawing:
    """The colours of learning rates, for all plans: always the same."""
    return Drawing(_legend(), {ROWS: _legend_rows()})


@functools.cache
def _legend_rows() -> pd.DataFrame:
    edges = np.geomspace(LOWEST_RATE, HIGHEST_RATE, 51)
    return pd.DataFrame({"start": edges[:-1], "end": edges[1:], "rate": (edges[:-1] * edges[1:]) ** 0.5})


@kept
def _legend() -> alt.Chart:
    x = alt.X(
        "start:Q",
        title=None,
        scale=alt.Scale(type="log", domain=[LOWEST_RATE, HIGHEST_RATE], nice=False),
        axis=alt.Axis(
            values=[10.0**power for power in range(-6, 0)], format=".0e", grid=False, domain=False, labelPadding=4
        ),
    )
    overlapping = base_chart().mark_rect(x2Offset=0.75)  # so that there are no seams
    bar: alt.Chart = overlapping.encode(x=x, x2="end:Q", color=_colour())
    return bar.properties(height=LEGEND_HEIGHT, padding=PADDING | {"left": 8})
