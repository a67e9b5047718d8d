"""A finished run's model to take home: as a zip that works elsewhere, as a starting point for other comparisons, and its
recipe trained once more on all pictures."""

from collections.abc import Sequence

import streamlit as st

from tl import jobs
from tl.arm_names import arm_title
from tl.backbones import BACKBONES
from tl.config import Refused, refusal
from tl.jobs import exports
from tl.jobs.final_model import submit_final
from tl.jobs.listing import RunEntry
from tl.languages import joined, say
from tl.store.home import Home
from tl.ui.parts.keep_in_library import ask_to_keep
from tl.ui.parts.problems import show_kept, show_problems
from tl.ui.parts.refresh import while_working
from tl.ui.parts.text import escape
from tl.ui.parts.view import ExperimentView
from tl.words import memory, percent

MOST_BYTES = 400 * 10**6  # that a page hands out: all of it goes through the server's memory
PROBLEM = "take_home_problem"


def section(now: ExperimentView, key: str) -> None:
    """Draw it in an expander; nothing where no network of the comparison is here."""
    if any(takeable(now)):
        with st.expander(say("Use the model elsewhere"), icon=":material/deployed_code:", key=f"take_home_{key}"):
            show(now, key)


def show(now: ExperimentView, key: str) -> None:
    """Draw it for an arm that is chosen here."""
    here = takeable(now)
    names = [arm.name for arm in now.experiment.arms if any(run.arm == arm.name for run in here)]
    arm = names[0]
    if len(names) > 1:
        usual = names.index(max(names, key=lambda name: _validation(best_of(here, name))))
        arm = st.selectbox(say("Arm"), names, index=usual, format_func=arm_title, key=f"take_home_arm_{key}")
    run = best_of(here, arm)
    if sum(each.arm == arm for each in here) > 1:
        st.caption(
            say(
                "Seed {seed}: the best of its runs on the validation pictures, {accuracy}.",
                seed=run.seed,
                accuracy=percent(run.best_val_accuracy),
            )
        )
    show_run(now.home, run, key)


def show_run(home: Home, run: RunEntry, key: str) -> None:
    if not home.run(run.run_id).best.exists():
        st.caption(say("The network of this run is not on this computer: it was trained elsewhere, or taken over."))
        return
    show_kept(PROBLEM)
    _export(home, run, key)
    _keep(home, run, key)
    if not run.final_of and run.target_dataset is None:  # a final model is trained on all pictures of one set
        _final(home, run, key)


def takeable(now: ExperimentView) -> list[RunEntry]:
    """Its finished runs whose network is here."""
    return [run for run in now.runs if run.status == "finished" and now.home.run(run.run_id).best.exists()]


def best_of(runs: Sequence[RunEntry], arm: str) -> RunEntry:
    """The arm's run that did best on the validation pictures: the test pictures choose nothing."""
    return max((run for run in runs if run.arm == arm), key=_validation)


def _validation(run: RunEntry) -> float:
    return -1.0 if run.best_val_accuracy is None else run.best_val_accuracy


def _export(home: Home, run: RunEntry, key: str) -> None:
    st.markdown(
        say(
            "A zip with the network as ONNX and safetensors, a program that runs it on photos (it needs onnxruntime, "
            "Pillow and NumPy, not TL Lab), and a card that says how good it is."
        )
    )
    if run.final_of:
        words = say("Put five of the pictures into the zip, so that it can check itself on them")
    else:
        words = say("Put five of the test pictures into the zip, so that it can check itself on them")
    own = st.checkbox(words, value=home.policy.takes_pictures_home, key=f"take_home_pictures_{key}")
    try:
        exports.check_libraries()
    except Refused as problem:
        st.caption(f":material/warning: {escape(problem)}")  # not shown
        return
    st.button(
        say("Export the model"),
        icon=":material/deployed_code:",
        key=f"take_home_export_{key}",
        on_click=_ask,
        args=(home, run, own),
        disabled=exports.working(home),
    )
    while_working(_progress, lambda: exports.working(home), home, run.run_id, key)
    if home.policy.shows_commands:
        st.caption(
            joined(
                [
                    say("The same in a terminal: `python -m tl export-model {run}`.", run=run.run_id),
                    say(
                        "On this machine, `python -m tl predict {run} FOLDER` runs it on a folder of photos.",
                        run=run.run_id,
                    ),
                ]
            )
        )


def _ask(home: Home, run: RunEntry, own: bool) -> None:
    with show_problems(PROBLEM):
        if not exports.ask(home, run.run_id, BACKBONES[run.backbone].parameters, own):
            raise refusal("Another model is being exported; try again in a moment.")


def _progress(home: Home, run_id: str, key: str, active: bool) -> None:
    found, place = exports.state(home, run_id), exports.place(home, run_id)
    if active:
        what = found.what if found and found.what else say("another model is being exported")
        doing = escape(what[:1].upper() + what[1:])
        if found and found.total:
            words: str = say("{doing}: {done:,} of {total:,}", doing=doing, done=found.done, total=found.total)
        else:
            words = f"{doing} …"
        st.caption(f":material/hourglass_top: {words}")  # not shown
    elif place.exists():
        _ready(home, run_id, key)
    elif found is not None:
        words = found.problem or say("The export ended unexpectedly; try again.")
        st.caption(f":material/warning: {escape(words)}")  # not shown


def _ready(home: Home, run_id: str, key: str) -> None:
    place = exports.place(home, run_id)
    size = place.stat().st_size
    if size > MOST_BYTES:
        if home.policy.shows_paths:
            words = say(
                "The zip is {size}, too large to download through this page; it lies in {place}.",
                size=memory(size),
                place=escape(place),
            )
        else:
            words = say(
                "The zip is {size}, too large to download through this page; `python -m tl export-model` writes it where you "
                "want it.",
                size=memory(size),
            )
        st.caption(words)
        return
    st.download_button(
        say("Download the model ({size})", size=memory(size)),
        data=place.read_bytes,
        file_name=f"tl-lab-model-{run_id}-{int(place.stat().st_mtime)}.zip",
        mime="application/zip",
        icon=":material/download:",
        key=f"take_home_download_{key}",
        on_click="ignore",
    )


def _keep(home: Home, run: RunEntry, key: str) -> None:
    st.markdown(
        say(
            "**A starting point**: what this run has learned joins the model library, and later comparisons can start from it."
        )
    )
    if st.button(say("Keep as a starting point"), icon=":material/bookmark_add:", key=f"take_home_keep_{key}"):
        ask_to_keep(home, run.run_id, PROBLEM)


def _final(home: Home, run: RunEntry, key: str) -> None:
    st.markdown(
        say(
            "**A final model** repeats the recipe of this run on all pictures, including those for validation and "
            "test. It is likely to be a little better, but how good it is can no longer be measured, so its card "
            "quotes this run's accuracy and says so."
        )
    )
    if st.button(say("Train on all pictures"), icon=":material/select_all:", key=f"take_home_final_{key}"):
        with show_problems():
            experiment_id = submit_final(home, run.run_id)
            jobs.ensure_supervisor(home)
            st.switch_page("app.py", query_params={"experiment": experiment_id})
