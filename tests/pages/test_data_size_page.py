"""Data size in every state: the form, under way, finished, stopped, a wrong link; what its buttons do."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from tests import page_lab
from tests.page_lab import charts, swept, texts, unescaped
from tl import jobs
from tl.config import Experiment, Refused
from tl.report.bundle import export_bundle
from tl.report.bundle_import import import_bundle
from tl.store.home import Home
from tl.store.queue import name_and_notes

PAGE = "pages/1_Data_size.py"


@pytest.fixture
def open_sweep(home):
    """Opens Data size, with a sweep's id in the address or without, and checks that nothing was thrown."""

    def open_it(sweep_id: str | None = None) -> AppTest:
        app = page_lab.unfold(AppTest.from_file("../../app.py", default_timeout=180))
        app.switch_page(PAGE)
        if sweep_id is not None:
            app.query_params["sweep"] = sweep_id
        app.run()
        assert not app.exception, app.exception
        return app

    return open_it


def test_the_form_starts_the_sweep_it_describes_and_puts_it_into_the_address(open_sweep, home):
    app = open_sweep()
    assert app.title[0].value == "How much data?"
    assert "Sizes: 100 · 300 · 1,000 · 3,000. 24 runs" in texts(app)
    assert "At most about" in texts(app)
    app.button(key="sweep_start").click().run()
    [sweep] = jobs.list_sweeps(home)
    assert app.query_params["sweep"] in (sweep["sweep_id"], [sweep["sweep_id"]])
    assert (sweep["sizes"], sweep["seeds"]) == ([100, 300, 1000, 3000], [0, 1, 2])
    assert not app.exception and "No size has a finished run of both arms yet" in texts(app)


def test_starting_twice_from_the_same_form_is_one_sweep(open_sweep, home):
    app = open_sweep()
    token = app.session_state["form_token"]
    app.button(key="sweep_start").click().run()
    again = open_sweep()
    again.session_state["form_token"] = token
    again.button(key="sweep_start").click().run()
    assert len(jobs.list_sweeps(home)) == 1


def test_a_comparison_that_was_started_does_not_keep_a_sweep_from_it(open_page, open_sweep, home):
    before = open_page()
    before.button(key="form_start").click().run()
    app = open_sweep()
    app.session_state["form_token"] = before.session_state["form_token"]  # both pages of one browser share it
    app.run()
    app.button(key="sweep_start").click().run()
    assert len(jobs.list_sweeps(home)) == 1 and not app.error


def test_own_sizes_are_taken_and_wrong_ones_are_one_sentence(open_sweep, home):
    app = open_sweep()
    app.selectbox(key="sweep_sizes").set_value("own").run()
    assert len(app.error) == 1 and app.button(key="sweep_start").disabled
    app.text_input(key="sweep_own").set_value("50, 200,50").run()
    assert not app.error
    app.session_state["show_command"] = True
    app.run()
    assert "python -m tl sweep --sizes 50,200 --dataset blossoms" in app.code[0].value
    app.button(key="sweep_start").click().run()
    assert jobs.list_sweeps(home)[0]["sizes"] == [50, 200]


def test_a_refused_start_says_why_and_starts_nothing(open_sweep, home, monkeypatch):
    def refuse(*_, **__):
        raise Refused("[flowers](http://evil.example) has 12 classes; 5 are too few.")

    monkeypatch.setattr(jobs, "submit_sweep", refuse)
    app = open_sweep()
    app.button(key="sweep_start").click().run()
    assert len(app.error) == 1 and "[flowers](http" not in texts(app) and "sweep" not in app.query_params


@pytest.mark.parametrize("own", ["100,60000", "100", "1,000"])
def test_own_sizes_that_cannot_be_start_nothing_though_start_is_clicked_at_once(open_sweep, home, own):
    app = open_sweep()
    app.selectbox(key="sweep_sizes").set_value("own").run()
    app.text_input(key="sweep_own").set_value("100,200").run()
    app.text_input(key="sweep_own").set_value(own)
    app.button(key="sweep_start").click().run()
    assert not app.exception and len(app.error) == 1 and not jobs.list_runs(home)
    assert app.button(key="sweep_start").disabled


def test_own_sizes_typed_just_before_the_click_are_those_that_train(open_sweep, home):
    app = open_sweep()
    app.selectbox(key="sweep_sizes").set_value("own").run()
    app.text_input(key="sweep_own").set_value("100,200").run()
    app.text_input(key="sweep_own").set_value("150,250")
    app.button(key="sweep_start").click().run()
    assert jobs.list_sweeps(home)[0]["sizes"] == [150, 250]


def test_fewer_than_three_seeds_are_remarked_on(open_sweep):
    app = open_sweep()
    app.text_input(key="form_seeds").set_value("1").run()
    app.button(key="sweep_more_seeds").click().run()
    assert app.text_input(key="form_seeds").value == "3"


def test_a_finished_sweep_shows_its_sentence_curves_and_table(open_sweep, home):
    app = open_sweep(swept(home))
    assert "is worth it up to about" in app.header[0].value or "worth it" in unescaped(app)
    assert len(charts(app)) == 2
    table = app.dataframe[0].value
    assert table["pictures"].tolist() == ["100", "300", "1,000", "3,000"]
    assert table["From scratch"].iloc[0].startswith("30.3 % (29.6 to 31.0, n = 3)")
    assert "times" in table["worth in pictures"].iloc[0] and table["gain"].iloc[0].startswith("+20.0 points (")
    assert "time saved" in table
    read = unescaped(app)
    assert read.count("95 % interval for these test pictures (these runs kept no predictions") == 2
    assert "how many times more pictures the baseline needs for the same accuracy" in read
    assert [button.key for button in app.download_button] == ["download_report", "download_bundle"]
    assert not any((button.key or "").startswith("sweep_") for button in app.button)


def test_a_sweep_under_way_shows_how_far_each_size_is_and_can_be_stopped(open_sweep, home, monkeypatch):
    stopped = []
    monkeypatch.setattr(jobs, "stop_all", lambda home, run_ids: stopped.extend(run_ids))
    app = open_sweep(swept(home, seeds=1, ended=lambda run: "finished" if run.samples < 1000 else None))
    read = unescaped(app)
    assert "**100 pictures** · 2 of 2 runs ended" in read and "**3,000 pictures** · 0 of 2 runs ended" in read
    assert "4 still to come" in read and "The break-even point needs at least 4 finished sizes." in read
    assert len(charts(app)) == 1 and not app.download_button
    app.button(key="sweep_stop").click().run()
    assert len(stopped) == 8


def test_before_a_run_has_finished_there_is_no_empty_chart_and_no_epoch_too_many(open_sweep, home):
    sweep_id = swept(home, sizes=(100, 300), seeds=1, ended=lambda run: None)
    first = page_lab.rows(home, next(iter(jobs.sweep(home, sweep_id)["experiments"])))[0]
    page_lab.start(home, first)
    page_lab.learn(home, first, 6, phase="testing")
    app = open_sweep(sweep_id)
    assert not charts(app) and "epoch 6 of 6" in unescaped(app)


def test_a_stopped_sweep_keeps_what_is_there_and_can_be_resumed(open_sweep, home):
    sweep_id = swept(home, ended=lambda run: "stopped" if run.samples == 3000 else "finished")
    app = open_sweep(sweep_id)
    assert "6 stopped" in unescaped(app) and app.dataframe[0].value["From scratch"].iloc[3] == "not available"
    app.button(key="sweep_resume").click().run()
    assert sum(run.status == "queued" for run in jobs.sweep(home, sweep_id)["runs"]) == 6
    assert not app.exception


def test_reloading_shows_the_same_and_names_from_users_never_become_markup(open_sweep, home):
    sweep_id = swept(home)
    first = open_sweep(sweep_id)
    assert texts(first) == texts(open_sweep(sweep_id))
    assert "**Evil**" not in texts(first) and "<b>" not in texts(first) and ":tada:" not in texts(first)


@pytest.mark.parametrize("link", ["../../etc/passwd", "x" * 10_000, "", "0" * 26, "<b>", "\x00"])
def test_a_link_to_nothing_says_so_in_one_sentence(open_sweep, link):
    app = open_sweep(link)
    assert len(app.error) == 1 and "You find all sweeps under Data size" in app.error[0].value
    app.button(key="new_sweep").click().run()
    assert app.title[0].value == "How much data?"


def test_earlier_sweeps_can_be_opened(open_sweep, home):
    sweep_id = swept(home, seeds=1)
    name_and_notes.write(home, sweep_id, "Evening **light**", "one\ntwo")
    app = open_sweep()
    assert "Earlier sweeps" in texts(app) and "8 finished" in texts(app)
    assert "**Evening **light****" in unescaped(app) and "MobileNetV2 on Blossoms" in unescaped(app)
    app.button(key=f"open_{sweep_id}").click().run()
    assert not app.exception and len(charts(app)) == 2
    assert app.title[0].value.replace("\\", "") == "Evening **light**" and "one  \ntwo" in unescaped(app)
    app.session_state["label_box"] = True
    app.run()
    app.text_input(key=f"label_name_{sweep_id}").set_value("Dusk").run()
    assert app.title[0].value == "Dusk" and name_and_notes.name_and_notes_of(home, sweep_id).name == "Dusk"


def test_a_sweep_with_one_arm_is_shown_too(open_sweep, home):
    experiment = Experiment(dataset="blossoms", epochs=6, arms=page_lab.ARMS[:1])
    sweep_id = jobs.submit_sweep(home, replace(experiment, seeds=(0,)), (100, 300))
    assert "Without a second arm" in unescaped(open_sweep(sweep_id))


def test_runs_leads_from_a_size_to_its_sweep(home):
    swept(home, sizes=(100, 300), seeds=1)
    page_lab.finished(home)
    app = AppTest.from_file("../../app.py", default_timeout=180)
    app.switch_page("pages/2_Runs.py")
    app.run()
    assert not app.exception
    assert sum((button.key or "").startswith("sweep_") for button in app.button) == 2


def test_the_arm_to_compare_with_is_the_users_choice(open_sweep, home):
    sweep_id = swept(home)
    app = open_sweep(sweep_id)
    assert app.selectbox(key=f"verdict_baseline_{sweep_id}").value == "scratch"
    app.selectbox(key=f"verdict_baseline_{sweep_id}").set_value(page_lab.ARMS[1].name).run()
    assert not app.exception
    assert app.dataframe[0].value["gain"].iloc[0].startswith("−20.0 points (")
    app.text_input(key=f"verdict_margin_{sweep_id}").set_value("30.0").run()
    assert "30 points" in unescaped(app) and not app.exception


def test_an_imported_sweep_shows_the_same_page(open_sweep, home, tmp_path, monkeypatch):
    sweep_id = swept(home, seeds=1, ended=lambda run: "stopped" if run.samples == 3000 else "finished")
    here = open_sweep(sweep_id)
    (tmp_path / "bundle.zip").write_bytes(export_bundle(home, sweep_id))
    other = Home(tmp_path / "other")
    assert import_bundle(other, tmp_path / "bundle.zip") == ("sweep", sweep_id)
    monkeypatch.setenv("TL_HOME", str(other.path))
    there = open_sweep(sweep_id)
    assert " · imported: trained on another machine" in unescaped(there)
    assert [title.value for title in there.title] == [title.value for title in here.title]
    assert [words.value for words in there.header] == [words.value for words in here.header]
    assert [frame.value.to_dict() for frame in there.dataframe] == [frame.value.to_dict() for frame in here.dataframe]
    assert [chart.proto.alt for chart in charts(there)] == [chart.proto.alt for chart in charts(here)]
    assert not [button for button in there.button if button.key == "sweep_resume"], "it was trained elsewhere"


def test_published_results_appear_only_where_they_fit(open_sweep, home):
    assert not [toggle for toggle in open_sweep(swept(home)).toggle if toggle.key == "chart_references"]
    experiment = Experiment(dataset="cifar10", resolution=32, epochs=6, arms=page_lab.ARMS)
    sweep_id = jobs.submit_sweep(home, experiment, (100, 300))
    page_lab.end(home, page_lab.rows(home, next(iter(jobs.sweep(home, sweep_id)["experiments"])))[0], "finished")
    app = open_sweep(sweep_id)
    assert "95.7 %" in unescaped(app) and "TLlib" in unescaped(app)
    app.toggle(key="chart_references").set_value(False).run()
    assert "95.7 %" not in unescaped(app) and not app.exception
