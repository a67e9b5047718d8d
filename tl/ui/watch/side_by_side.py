"""Another experiment beside this one: both verdicts, the settings that differ, the numbers. Drawn once somebody opens it."""

import functools
import time
from dataclasses import asdict, fields
from typing import Any

import streamlit as st

from tl.analysis.results import Verdict
from tl.arm_names import arm_title
from tl.config import ArmConfig, Experiment, Refused, Training
from tl.differences import networks
from tl.languages import later, say
from tl.setting_names import setting_name
from tl.store.home import Home
from tl.store.queue import database
from tl.store.queue.name_and_notes import all_names_and_notes
from tl.store.queue.schema import ACTIVE
from tl.strategies import STRATEGIES
from tl.ui.compose.shared_settings import SHARED
from tl.ui.parts import view
from tl.ui.parts.links import COMPARE, experiment_link
from tl.ui.parts.text import escape, unbroken
from tl.ui.watch.arm_table import MEASURE, arm_table, with_measures_in_words
from tl.words import ago, cell, count, plain

BOX, OTHER, ADDRESS = "compare_box", "compare_with", "with"
NOTHING = "–"
TITLES = {
    "dataset": later("Data set"),
    "target_dataset": later("Data set to work on"),
    "unmatched": later("Classes of one set only"),
    "samples": later("Training pictures"),
    "backbone": later("Network"),
    "weights": later("Pretrained weights"),
    "resolution": later("Resolution"),
    "resplit": later("A new split for every seed"),
    "threads": later("Threads"),
} | {name: setting.title for name, setting in SHARED.items()}


def show(now: view.ExperimentView, found: Verdict, judged: dict[str, Any]) -> None:
    """Draw the box. `found`: the verdict of `now`, as `judged`; the other is judged alike, against its own baseline."""
    asked = st.query_params.get(ADDRESS)
    st.session_state.setdefault(BOX, asked is not None)
    box = st.expander(say("Compare with another experiment"), icon=":material/compare:", on_change="rerun", key=BOX)
    if not box.open:
        return
    with box:
        known = _others(now.home, now.experiment_id)
        if not known:
            st.caption(say("There is no other experiment that has ended."))
            return
        key = f"{OTHER}_{now.experiment_id}"
        if asked in known:
            st.session_state.setdefault(key, asked)
        chosen = st.selectbox(
            say("Experiment"),
            list(known),
            index=None,
            key=key,
            format_func=known.__getitem__,
            placeholder=say("Choose one"),
        )
        if chosen is None:
            return
        st.query_params[ADDRESS] = chosen
        try:
            _both(now, found, view.load(now.home, chosen), judged)
        except Refused as problem:  # deleted in another tab
            st.error(escape(problem), icon=":material/link_off:")


def _others(home: Home, own: str) -> dict[str, str]:
    """Id -> title of every other experiment of which nothing trains or waits, the newest first; no final model, which has
    no verdict."""
    known, now = all_names_and_notes(home), time.time()
    found: dict[str, str] = {}
    titles: dict[str, str] = {}
    active: set[str] = set()
    for row in database.read_runs(home):
        if row.status in ACTIVE:
            active.add(row.experiment_id)
        spec = row.experiment
        if row.experiment_id in found or row.experiment_id == own or spec.final:
            continue
        if spec.dataset not in titles:
            titles[spec.dataset] = view.data_title(home, spec.dataset)
        title = known[row.experiment_id].name if row.experiment_id in known else ""
        title = title or say("{networks} on {data}", networks=networks(spec), data=titles[spec.dataset])
        age = ago(max(0.0, now - row.created))
        about = say("{title}, {pictures} pictures, {ago}", title=title, pictures=count(spec.samples), ago=age)
        found[row.experiment_id] = plain(about)
    return {key: title for key, title in found.items() if key not in active}


def _both(now: view.ExperimentView, found: Verdict, other: view.ExperimentView, judged: dict[str, Any]) -> None:
    from tl.ui.watch.verdict import verdict_of

    found_there = verdict_of(other, judged | {"baseline": None})
    sides = ((now, found), (other, found_there))
    for place, (each, verdict) in zip(st.columns(2, border=True), sides, strict=True):
        with place:
            st.markdown(f"**{escape(each.title)}**")
            if each is other:
                experiment_link(COMPARE, other.experiment_id, say("Open"), ":material/open_in_full:")
            st.markdown(unbroken(verdict.text))
    if now.experiment.dataset != other.experiment.dataset:
        st.caption(
            say("They were tested on different pictures: compare what transfer gained in each, not their accuracies.")
        )
    rows = differing(now.experiment, other.experiment)
    first, second = _heads(now, other)
    st.markdown(say("**Settings that differ**"))
    if rows:
        columns = dict(zip(("", first, second), map(list, zip(*rows, strict=True)), strict=True))
        st.dataframe(
            columns, hide_index=True, height="content", alt=say("Settings that differ between both experiments")
        )
    else:
        st.caption(say("None: both have the same settings."))
    st.markdown(say("**Numbers**"))
    st.dataframe(
        with_measures_in_words(_numbers([(first, *sides[0]), (second, *sides[1])])),
        hide_index=True,
        height="content",
        alt=say("Every arm of both experiments in numbers, one column per arm"),
    )


def _heads(now: view.ExperimentView, other: view.ExperimentView) -> tuple[str, str]:
    """What a table calls them: by their names, if they have some."""
    first, second = (cell(each.label.name) for each in (now, other))
    if first == second:
        first = second = ""
    return first or say("this one"), second or say("the other one")


def _numbers(sides: list[tuple[str, view.ExperimentView, Verdict]]) -> dict[str, list[str]]:
    """A row per measure that either has, a column per arm of each; measures not yet in words."""
    tables = [(head, arm_table(each, each.metrics(), verdict)) for head, each, verdict in sides]
    measures = list(dict.fromkeys(name for _, table in tables for name in table[MEASURE]))
    columns = {MEASURE: measures}
    for head, table in tables:
        names = table.pop(MEASURE)
        for arm, values in table.items():
            known = dict(zip(names, values, strict=True))
            columns[f"{arm} · {head}"] = [known.get(name, NOTHING) for name in measures]
    return columns


def differing(first: Experiment, second: Experiment) -> list[tuple[str, ...]]:
    """(setting, in the first, in the second) of what differs: what all arms share, then the arms, matched by name."""
    rows: list[tuple[str, ...]] = []
    for name in (entry.name for entry in fields(Training)):
        values = getattr(first, name), getattr(second, name)
        if values[0] != values[1]:
            rows.append((say(TITLES[name]), *(_said(name, value) for value in values)))
    if first.seeds != second.seeds:
        rows.append((say("Seeds"), *(cell(", ".join(map(str, each.seeds))) for each in (first, second))))
    arms = [{arm.name: arm for arm in each.arms} for each in (first, second)]
    for name in dict.fromkeys((*arms[0], *arms[1])):
        own, others = (side.get(name) for side in arms)
        if own != others:
            rows.append((cell(say("Arm “{name}”", name=arm_title(name))), _arm(own, others), _arm(others, own)))
    return rows


def _arm(arm: ArmConfig | None, other: ArmConfig | None) -> str:
    """What of an arm differs from the one of the same name, in words; all that matters where there is no such."""
    if arm is None:
        return NOTHING
    if other is None:
        return say(STRATEGIES[arm.strategy].title)
    there = asdict(other)
    changed = {name: value for name, value in asdict(arm).items() if value != there[name]}
    words = [
        say("{setting} {value}", setting=setting_name(name), value=_said(name, value))
        for name, value in changed.items()
    ]
    return cell(functools.reduce(lambda so_far, more: say("{so_far}, {more}", so_far=so_far, more=more), words))


def _said(name: str, value: object) -> str:
    options = SHARED[name].options if name in SHARED else None
    if options is not None:
        return say(options[str(value)]) if str(value) in options else str(value)
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    if value is None:
        return say("all") if name == "samples" else say("as usual")
    return count(value) if isinstance(value, int) else cell(value)
