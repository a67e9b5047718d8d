"""A second data set on the pages: chosen behind its line, told beside the verdict, labelled picture by picture."""

import numpy as np
import pytest

from tests.page_lab import charts, rows, unescaped
from tests.two_sets_lab import compared, sets
from tl import jobs
from tl.analysis.adaptation import domain_distance
from tl.analysis.adaptation.advice import advise
from tl.analysis.adaptation.both_sets import both_sets
from tl.analysis.adaptation.distance import Distance
from tl.datasets import given_labels
from tl.jobs import list_runs
from tl.store.both_sets import write_both_sets
from tl.store.metrics import read_metrics, write_metrics
from tl.strategies import STRATEGIES
from tl.ui.compose import arms, target
from tl.ui.compose.form_state import ARMS, arm_key
from tl.ui.manage.search import matching_runs


def form(open_page, name: str | None = None, source: str | None = None):
    """The form with what is behind the line, and there chosen what it will work on."""
    app = open_page(unfolded=False)
    if source:
        app.selectbox(key="form_dataset").select(source).run()
    app.button(key=f"fold_{target.OPEN}").click().run()
    if name:
        app.selectbox(key=target.NAME).select(name).run()
    assert not app.exception, app.exception
    return app


def test_choosing_what_it_will_work_on_begins_a_comparison_of_ways_to_adapt(open_page, home, monkeypatch):
    looks = Distance(value=1.9, low=1.8, high=2.0, told_apart=0.975, pictures=(500, 500))
    monkeypatch.setattr(domain_distance, "answer", lambda *_: looks)  # as if somebody had asked how different they are
    app = form(open_page, "blossoms_dusk")
    said = unescaped(app)
    assert "look very different to this network" in said and advise(looks)["text"] in said
    assert "No record yet: no comparison here has confirmed or refuted such advice." in said
    assert "12 classes in both" in unescaped(app)
    assert "Source only" in unescaped(app) and "From scratch," not in unescaped(app)
    app.button(key="form_start").click().run()
    (experiment_id,) = {run.experiment_id for run in jobs.list_runs(home)}
    started = jobs.experiment(home, experiment_id)["experiment"]
    assert (started.dataset, started.target_dataset, len(started.seeds)) == ("blossoms", "blossoms_dusk", 3)
    assert [arm.strategy for arm in started.arms] == list(target.FIRST_ARMS)


def test_an_arm_can_begin_from_scratch_until_its_strategy_cannot(open_page, home):
    app = form(open_page, "blossoms_dusk")
    number = app.session_state[ARMS][1]
    app.session_state[arm_key(number, "weights")] = "random"
    app.button(key=f"fold_{arms.OPEN}").click().run()
    assert STRATEGIES[target.FIRST_ARMS[1]].sentence_for("random") in unescaped(app)
    assert f"{STRATEGIES[target.FIRST_ARMS[1]].title}, from scratch" in unescaped(app)
    app.session_state[arm_key(number, "strategy")] = "full_finetuning"
    app.run()
    assert not app.exception and ", from scratch" not in unescaped(app)


@pytest.mark.parametrize(("said", "seeds"), [("1", 3), ("five", 3), ("7", 7)])
def test_seeds_that_were_typed_before_are_kept_where_there_are_enough(open_page, home, said, seeds):
    app = open_page(unfolded=False)
    app.button(key=f"fold_{arms.SETTINGS_OPEN}").click().run()
    app.text_input(key="form_seeds").set_value(said).run()
    app.button(key=f"fold_{target.OPEN}").click().run()
    app.selectbox(key=target.NAME).select("blossoms_dusk").run()
    assert not app.exception and app.text_input(key="form_seeds").value == str(seeds)


def test_taking_it_back_brings_back_the_usual_arms(open_page):
    app = form(open_page, "blossoms_dusk")
    app.selectbox(key=target.NAME).select(None).run()
    assert not app.exception and "From scratch," in unescaped(app) and "Source only" not in unescaped(app)


def test_closed_it_is_a_line(open_page):
    app = open_page(unfolded=False)
    assert "add pictures of that kind" in unescaped(app)
    assert target.NAME not in {box.key for box in app.selectbox}


def test_classes_that_only_one_side_has_are_asked_about_before_the_start(open_page, home, tmp_path):
    sets(home, tmp_path, labelled=True)
    app = form(open_page, "sketches", "photos")
    assert "Only sketches has 'oak'" in unescaped(app)
    assert app.button(key="form_start").disabled
    app.radio(key=target.UNMATCHED).set_value("leave_out").run()
    assert not app.button(key="form_start").disabled, unescaped(app)


def test_a_set_without_labels_is_a_target_only(open_page, home, tmp_path):
    sets(home, tmp_path, labelled=False)
    app = form(open_page, "sketches", "photos")
    assert "sketches" not in app.selectbox(key="form_dataset").options
    assert "sketches (no labels)" in app.selectbox(key=target.NAME).options
    assert "40 pictures without labels" in unescaped(app) and not app.button(key="form_start").disabled


def test_an_estimate_is_told_as_one_and_pictures_are_labelled_one_by_one(open_page, home, tmp_path):
    sets(home, tmp_path, labelled=False, count=180)
    experiment_id = compared(home, {"source_only": 0.5, "mcc": 0.9})
    mcc = next(run for run in jobs.list_runs(home) if run.arm == "mcc")
    files = home.run(mcc.run_id)
    rows = read_metrics(files.metrics).to_dict("records")
    falls = [row | {"estimated_accuracy": 0.8 - 0.1 * row["epoch"]} for row in rows]
    write_metrics(files.metrics, falls)
    app = open_page(experiment=experiment_id)
    said = unescaped(app)
    assert "as estimated without labels, fell by 20.0 points" in said and "Estimated accuracy on the target" in said
    assert "not a test. A cross marks where it has fallen" in said and "the discriminator tells apart" not in said
    assert "nobody has labelled these pictures" in said and "is estimated at" in said
    app = open_page("pages/3_Inspect.py", experiment=experiment_id, look="label")
    assert "Confusion" not in str(app.button_group(key="inspect_section").options)
    assert "0 of 27 labelled" in [bar.proto.text for bar in app.get("progress")] and not app.exception
    first, second, third = given_labels.to_label(target_info(home))[:3]
    app.button(key=f"label_here_{first}_1").click().run()
    app.button(key=f"label_here_{second}_none").click().run()
    assert given_labels.read(home, "sketches").labels == {first: "tulip", second: ""}
    app.button(key="label_here_back").click().run()
    app.button(key=f"label_here_{second}_0").click().run()
    assert given_labels.read(home, "sketches").labels == {first: "tulip", second: "rose"}
    again = open_page("pages/3_Inspect.py", experiment=experiment_id, look="label")
    assert "2 of 27 labelled" in [bar.proto.text for bar in again.get("progress")], "it goes on where it was left"
    again.button(key=f"label_here_{third}_0").click().run()
    assert third in given_labels.read(home, "sketches").labels
    said = unescaped(open_page(experiment=experiment_id))
    assert "Measured on 3 pictures that somebody has labelled here." in said
    # Without another run: which of them adapting fixed and broke.
    app = open_page("pages/3_Inspect.py", experiment=experiment_id, look="confusion")
    assert "least class confusion (MCC) fixed" in unescaped(app) and "of the 3 labelled here and broke" in unescaped(
        app
    )
    app = open_page("pages/3_Inspect.py", experiment=experiment_id, look="mistakes")
    assert "of the 3 labelled here wrong" in unescaped(app) and not app.exception


def test_which_pictures_adapting_fixed_is_told_of_the_arm_that_adapts(open_page, home, tmp_path):
    sets(home, tmp_path, labelled=True)
    experiment_id = compared(home, {"source_only": 0.5, "mcc": 0.9}, unmatched="leave_out")
    app = open_page("pages/3_Inspect.py", experiment=experiment_id)
    assert not app.exception, app.exception
    assert "Compared with source only, least class confusion (MCC) fixed" in unescaped(app)
    app = open_page("pages/3_Inspect.py", experiment=experiment_id, look="both_sets")
    assert "The network of this arm is not here" in unescaped(app)
    number, near = 60, {"source_only": 4.0, "mcc": 0.0}
    for row in rows(home, experiment_id):
        if row.seed == 0:
            far = [np.random.default_rng(0).normal(size=(number, 3)) for _ in range(2)]
            far = [
                each + (np.arange(number) < 30)[:, None] * away
                for each, away in zip(far, (4, near[row.arm]), strict=True)
            ]
            told = {"before": far[0], "after": far[1], "picture": np.arange(number), "label": np.arange(number) % 3 - 1}
            found = both_sets(told | {"of_source": np.int64(30), "random": np.bool_(False)})
            write_both_sets(home.run(row.run_id).both_sets, found)
    app = open_page("pages/3_Inspect.py", experiment=experiment_id, look="both_sets")
    said = unescaped(app)
    assert not app.exception and len(charts(app)) == 2
    assert (
        "After training the two sets are more mixed than before." in said and "rose" in said and "not labelled" in said
    )
    assert "Source only after training, on the same pictures: told apart in" in said
    for row in rows(home, experiment_id):
        home.run(row.run_id).checkpoints.mkdir()
        home.run(row.run_id).best.write_bytes(b"a network")
    said = [each.label for each in open_page("pages/3_Inspect.py", experiment=experiment_id, look="model").button]
    assert "Keep as a starting point" in said and "Train on all pictures" not in said, "that takes one set"
    assert "on photos → sketches" in unescaped(open_page("pages/2_Runs.py"))
    found = list_runs(home)
    titles = {"photos": "photos", "sketches": "sketches"}
    assert (
        matching_runs(found, {}, titles, "sketches", None, None)
        == found
        == matching_runs(found, {}, titles, "", None, "sketches")
    )


def target_info(home):
    from tl.datasets import describe

    return describe(home, "sketches")
