"""The verdict card: what tl.analysis found, in its words, and the numbers it rests on."""

import re

import streamlit as st

from tl.store.home import Home
from tl.ui.arms import dot
from tl.ui.form_state import arm_title
from tl.ui.text import NOT_AVAILABLE, duration, energy, escape, memory, percent, points

OUTCOMES = {  # outcome -> words, colour, icon
    "helps": ("Transfer helps", "green", ":material/trending_up:"),
    "hurts": ("Transfer hurts", "red", ":material/trending_down:"),
    "no_difference": ("No difference that matters", "gray", ":material/drag_handle:"),
    "undecided": ("Not settled yet", "orange", ":material/help:"),
}
FEW_SEEDS = 3  # with fewer there is no interval
SENTENCE_END = re.compile(r"(?<=\.) (?=[A-Z])")


def show(home: Home, experiment_id: str) -> None:
    """Draw the card of an experiment that has ended."""
    from tl.analysis import experiment_result

    found = experiment_result(home, experiment_id)["verdict"]
    positions = {name: place for place, name in enumerate(found["summary"])}
    with st.container(border=True, key="verdict"):
        headline = found["arms"].get(found["headline"])
        if headline and headline["test_accuracy_gain"] and headline["seeds"] >= FEW_SEEDS:
            words, colour, icon = OUTCOMES[headline["outcome"]]
            st.badge(words, color=colour, icon=icon)
        claim, *rest = SENTENCE_END.split(found["text"].replace(" %", "\u00a0%"), maxsplit=1)
        st.subheader(escape(claim), anchor=False)
        if rest:
            st.markdown(escape(rest[0]))
        for name, entry in found["arms"].items():
            if entry["test_accuracy_gain"] or entry["validation_accuracy_gain"]:
                _comparison(found, name, entry, positions)
        _early_stops(found)


def _comparison(found: dict, name: str, entry: dict, positions: dict[str, int]) -> None:
    st.markdown(
        f"{dot(positions[name])} **{escape(arm_title(name))}** against "
        f"{dot(positions[found['baseline']])} **{escape(arm_title(found['baseline']))}**"
    )
    with st.grid("auto", min_column_width=150):
        for label, value, note in (
            _gain(entry),
            _time(entry["time_to_target"]),
            _saved(entry["time_to_target"]),
            _cost("Peak memory", entry["cost"]["memory_bytes"], memory),
            _cost("Computing time in all", entry["cost"]["seconds"], duration),
            _cost("Energy", entry["cost"]["energy_joules"], energy),
        ):
            if value != NOT_AVAILABLE:
                st.metric(label, value, note, delta_color="off", delta_arrow="off", height="stretch")


def _gain(entry: dict) -> tuple[str, str, str]:
    gain, sides, label = entry["test_accuracy_gain"], entry["test_accuracy"], "Test accuracy"
    if gain is None:
        gain, sides, label = entry["validation_accuracy_gain"], entry["validation_accuracy"], "Validation accuracy"
    note = f"{percent(sides['baseline'])} → {percent(sides['arm'])}"
    if gain["low"] is not None:
        note = f"95 % interval {points(gain['low'])} to {points(gain['high'])}"
    return label, points(gain["mean"]), note


def _time(time: dict) -> tuple[str, str, str]:
    if time["target_accuracy"] is None:
        return "Time to the target", NOT_AVAILABLE, ""
    label = f"Time to {percent(time['target_accuracy'], 0)} validation accuracy"
    sides = f"{_side(time, 'arm')} against {_side(time, 'baseline')}"
    if time["speedup"]:
        return label, _times(time["speedup"]), sides
    if time["speedup_at_least"]:
        return label, f"over {_times(time['speedup_at_least'])}", sides
    if time["speedup_at_most"]:
        return label, f"at best {_times(time['speedup_at_most'])}", sides
    return label, "not reached", sides


def _side(time: dict, side: str) -> str:
    if time[f"{side}_seconds"] is not None:
        return duration(time[f"{side}_seconds"])
    return f"not in {duration(time[f'{side}_not_reached_in'])}"


def _times(ratio: float) -> str:
    return f"{ratio:.1f}× sooner" if ratio >= 1 else f"{1 / ratio:.1f}× later"


def _saved(time: dict) -> tuple[str, str, str]:
    saved = time["saved"]
    if saved is None:
        return "Time saved", NOT_AVAILABLE, ""
    word = "saved" if saved >= 0 else "lost"
    return f"Time {word} until then", percent(abs(saved), 0), "of computing"


def _cost(label: str, cost: dict, show) -> tuple[str, str, str]:
    if cost["arm"] is None or cost["baseline"] is None:
        return label, NOT_AVAILABLE, ""
    return label, show(cost["arm"]), f"against {show(cost['baseline'])}"


def _early_stops(found: dict) -> None:
    for name, summary in found["summary"].items():
        if summary["stopped_early"]:
            several = f" in {summary['stopped_early']} of {summary['runs']} runs" if summary["runs"] > 1 else ""
            st.caption(
                f":material/timer_off: {escape(arm_title(name))} stopped early{several}, after "
                f"{summary['epochs']:.0f} epochs; the best was epoch {summary['best_epoch']:.0f}."
            )
