"""What is one visitor's never reaches another: by no id, in no list, under no name, in no file."""

import inspect
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.datasets.crafted import ingest, two_classes, zipped
from tl import datasets, jobs, sources
from tl.analysis.experiment import experiment_result
from tl.analysis.forecasts.hints import question
from tl.analysis.sweep import sweep_result
from tl.config import Refused, new_id
from tl.jobs import exports
from tl.jobs.compare_again import compare_again
from tl.jobs.exports import predict
from tl.jobs.final_model import submit_final
from tl.jobs.keep_in_library import keep
from tl.jobs.measurements import advice, hints
from tl.jobs.tensorboard import event_files, run_links, server
from tl.report.bundle import export_bundle, fingerprint
from tl.report.bundle_import import import_bundle
from tl.report.card_facts import card_facts
from tl.report.report import report
from tl.report.subject import ended
from tl.store import features
from tl.store.home import Home
from tl.store.queue import database, name_and_notes
from tl.store.queue.settle_plan import SettlePlan


def said(ask: Callable, *arguments) -> str:
    """What is answered, as text."""
    try:
        return repr(ask(*arguments))
    except Refused as refusal:
        return f"Refused: {refusal}"


BY_ID = {  # what is asked -> by which id of the other visitor's
    jobs.experiment: "experiment_id",
    jobs.list_lines: "experiment_id",
    jobs.list_runs: "experiment_id",
    jobs.run: "run_id",
    jobs.stop: "run_id",
    jobs.resume: "run_id",
    jobs.delete: "run_id",
    jobs.find: "sweep_id",
    jobs.sweep: "sweep_id",
    jobs.resume_sweep: "sweep_id",
    jobs.add_seeds: "experiment_id",
    jobs.begin_settling: "experiment_id",
    jobs.stop_settling: "experiment_id",
    experiment_result: "experiment_id",
    sweep_result: "sweep_id",
    report: "experiment_id",
    export_bundle: "experiment_id",
    fingerprint: "experiment_id",
    ended: "sweep_id",
    datasets.describe: "dataset",
    datasets.examples: "dataset",
    features.fingerprint: "dataset",
    card_facts: "run_id",
    compare_again: "experiment_id",
    exports.make: "run_id",
    keep: "run_id",
    name_and_notes.name_and_notes_of: "experiment_id",
    name_and_notes.write: "experiment_id",
    predict: "run_id",
    submit_final: "run_id",
    jobs.resume_on: "run_id",
}
MORE = {  # what else is given
    jobs.add_seeds: (5,),
    jobs.begin_settling: (SettlePlan(),),
    jobs.resume_on: (1,),
    compare_again: (datasets.Corrections(set_aside=("a.png",)),),
    exports.make: (Path(), print),
    keep: ("a-name",),
    name_and_notes.write: ("a name", "notes"),
    predict: (Path(), Path("answers.csv"), print),
}


def name_of(ask: Callable) -> str:
    return f"{ask.__module__.rpartition('.')[2]}.{ask.__name__}"


@pytest.mark.parametrize("ask", BY_ID, ids=name_of)
def test_a_foreign_id_is_answered_exactly_as_an_unknown_one(visitors, ask):
    zebra, yak = visitors
    kind, more = BY_ID[ask], MORE.get(ask, ())
    theirs = {"run_id": zebra.run_ids[0], "dataset": "zebra-pictures"}.get(kind) or getattr(zebra, kind)
    unknown = "no-such-pictures" if kind == "dataset" else new_id()
    before = database.read_runs(zebra.home)
    assert said(ask, yak.home, theirs, *more).replace(theirs, unknown) == said(ask, yak.home, unknown, *more)
    assert said(ask, yak.home.of(None), theirs, *more).replace(theirs, unknown) == said(
        ask, yak.home.of(None), unknown, *more
    )
    assert database.read_runs(zebra.home) == before


def test_every_public_function_of_the_queue_that_takes_an_id_is_tried():
    takes = {
        getattr(jobs, name)
        for name in jobs.__all__
        if {"experiment_id", "run_id", "sweep_id", "ident"} & {*inspect.signature(getattr(jobs, name)).parameters}
    }
    assert takes <= {*BY_ID}
    assert {datasets.describe, datasets.examples} <= {*BY_ID}


def test_many_ids_at_once_stop_nothing_that_is_foreign(visitors):
    zebra, yak = visitors
    with pytest.raises(Refused, match="no run"):
        jobs.stop_all(yak.home, zebra.run_ids)


def listed(home: Home) -> dict[str, str]:
    """All that a visitor can list, as text."""
    return {
        "runs": repr(jobs.list_runs(home)),
        "sweeps": repr(jobs.list_sweeps(home)),
        "pictures": repr(datasets.list_datasets(home)),
        "examples": repr([name for name, _ in datasets.examples(home, "mine")]),
        "weights": repr(sources.available(home, "mobilenet_v2")),
        "hints": repr(hints.hints.known(home)),
        "advice": repr([path.name for path in home.advice_dir.glob("*")]),
        "events": repr(run_links.names(home)),
        "event files": repr(zipfile.ZipFile(io.BytesIO(event_files.pack(home))).namelist()),
    }


def test_lists_hold_what_is_ones_own_and_nothing_else(visitors):
    for visitor, other in (visitors, visitors[::-1]):
        for what, text in listed(visitor.home).items():
            if what not in ("weights", "advice", "hints"):
                assert visitor.word in text, what
            assert not {canary for canary in other.canaries if canary in text}, what


def test_the_root_lists_no_visitors_things(visitors):
    text = repr((jobs.list_runs(visitors[0].home.of(None)), datasets.list_datasets(visitors[0].home.of(None))))
    assert not {canary for visitor in visitors for canary in visitor.canaries if canary in text}


def test_two_data_sets_of_one_name_are_two(visitors, tmp_path):
    zebra, yak = visitors
    assert datasets.describe(zebra.home, "mine").classes == ("zebra-one", "zebra-two")
    assert datasets.describe(yak.home, "mine").classes == ("yak-one", "yak-two")
    with pytest.raises(Refused, match="already a data set 'mine'"):
        ingest(yak.home, zipped(tmp_path / "x.zip", two_classes()), "mine")
    ours, theirs = (datasets.examples(visitor.home, "mine")[0][1] for visitor in visitors)
    assert (ours != theirs).any()


def test_built_in_pictures_are_shared(visitors):
    folders = {datasets.home_of(visitor.home, "blossoms").dataset_dir("blossoms") for visitor in visitors}
    assert folders == {visitors[0].home.root / "datasets" / "blossoms"}


def test_a_model_of_ones_own_is_nobody_elses(visitors, tmp_path, monkeypatch):
    zebra, yak = (Home(tmp_path).of(visitor.home.owner) for visitor in visitors)
    [bundled] = [source for source in sources.available(zebra, "mobilenet_v2") if source.state == "bundled"]
    folder = zebra.library_dir / "zebra-model"
    folder.mkdir(parents=True)
    (folder / "card.json").write_bytes(bundled.file.with_suffix(".json").read_bytes())
    (folder / "weights.safetensors").symlink_to(bundled.file)
    mine, theirs = ({source.key for source in sources.available(home, "mobilenet_v2")} for home in (zebra, yak))
    assert mine - theirs == {"zebra-model"}
    assert said(sources.source, yak, "mobilenet_v2", "zebra-model").startswith("Refused")


def test_reports_and_bundles_tell_nothing_of_others_nor_of_this_machine(visitors, monkeypatch):
    zebra, yak = visitors
    monkeypatch.setenv("TL_HOSTED", "1")
    monkeypatch.setenv("TL_HOME", str(yak.home.root))
    home = Home(yak.home.path)
    bundle = zipfile.ZipFile(io.BytesIO(export_bundle(home, yak.experiment_id)))
    files = {name: bundle.read(name) for name in bundle.namelist()} | {
        "report": report(home, yak.experiment_id).encode()
    }
    for name, data in files.items():
        for canary in (*zebra.canaries, str(yak.home.root), yak.home.owner):
            assert canary.encode() not in data, (name, canary)


def test_two_visitors_import_the_same_bundle_and_each_has_it(visitors, tmp_path):
    zebra, _ = visitors
    first, second = (Home(tmp_path).of(visitor.home.owner) for visitor in visitors)
    path = tmp_path / "bundle.zip"
    path.write_bytes(export_bundle(zebra.home, zebra.experiment_id))
    kind, mine = import_bundle(first, path)
    _, theirs = import_bundle(second, path)
    assert kind == "experiment"
    assert len({mine, theirs, zebra.experiment_id}) == 3
    for home, ident in ((first, mine), (second, theirs)):
        assert [run.experiment_id for run in jobs.list_runs(home)] == [ident] * 2
        assert experiment_result(home, ident).verdict.comparisons
        with pytest.raises(Refused, match="here already"):
            import_bundle(home, path)
    assert said(jobs.experiment, second, mine).startswith("Refused")
    with pytest.raises(Refused, match="here already"):  # one's own, which one has
        import_bundle(zebra.home, path)


def test_a_sweep_is_imported_under_own_ids_too(visitors, tmp_path):
    zebra, _ = visitors
    homes = [Home(tmp_path).of(visitor.home.owner) for visitor in visitors]
    path = tmp_path / "bundle.zip"
    path.write_bytes(export_bundle(zebra.home, zebra.sweep_id))
    ids = {import_bundle(home, path)[1] for home in homes}
    assert len(ids) == 2
    assert zebra.sweep_id not in ids
    assert all(len(jobs.list_sweeps(home)) == 1 for home in homes)


def test_tensorboard_is_not_opened_for_visitors(visitors, monkeypatch):
    monkeypatch.setenv("TL_HOSTED", "1")
    with pytest.raises(Refused, match="event files"):
        server.ensure(Home(visitors[0].home.path))


def test_downloads_of_event_files_have_names_of_their_own(visitors):
    names = {event_files.fingerprint(visitor.home) for visitor in visitors}
    assert len(names) == 2 and None not in names
    assert event_files.fingerprint(visitors[0].home.of(None)) is None


def test_advice_and_hints_look_at_ones_own_pictures(visitors):
    zebra, yak = visitors
    assert said(question, yak.home, "zebra-pictures", None, 32) == said(
        question, yak.home, "koala-pictures", None, 32
    ).replace("koala-pictures", "zebra-pictures")
    experiment = database.read_experiment(zebra.home, zebra.experiment_id)["experiment"]
    assert advice.advise(zebra.home, experiment)["dataset"] == "mine"


def test_a_trainer_and_a_background_job_find_the_workspace_by_its_path(visitors):
    zebra, _ = visitors
    run = zebra.home.run(zebra.run_ids[0])
    assert (run.home.owner, run.home.root) == (zebra.home.owner, zebra.home.root)
    assert (
        Home(str(zebra.home.path)).owner == zebra.home.owner
    )  # what `python -m tl.jobs.measurements.hints PATH ...` does
