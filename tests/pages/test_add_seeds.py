"""Adding seeds on a comparison's page: offered while it is open, once per click, told while it goes on and after."""

from dataclasses import replace

import pytest

from tests import page_lab
from tests.page_lab import texts, unescaped
from tests.report.bundle_lab import answer
from tl import jobs
from tl.jobs.settle_plan import begun_plan
from tl.store.queue import settle_plan
from tl.store.queue.settle_plan import SettlePlan


@pytest.fixture
def open_question(home) -> str:
    """A finished experiment of three seeds that decides nothing."""
    experiment_id = page_lab.submit(home, seeds=3)
    for place, row in enumerate(page_lab.rows(home, experiment_id)):
        page_lab.end(home, row, "finished", accuracy=0.08 + 0.03 * (place % 2) * (row.seed - 1))
    return experiment_id


def plan_of(home, experiment_id: str) -> SettlePlan:
    return jobs.experiment(home, experiment_id)["settling"]


def keys(app) -> set[str]:
    return {button.key for button in app.button}


def test_an_open_question_is_run_until_settled_within_what_it_may_cost(open_page, home, open_question):
    app = open_page(experiment=open_question)
    assert "5 seeds take about 1 min 12 s more. 20 seeds take about 10 min more." in unescaped(app)
    assert "judges it at 5, 10, 20 seeds and ends" in unescaped(app), "it has had 3"
    app.text_input(key=f"settle_seeds_{open_question}").set_value("8").run()
    app.text_input(key=f"settle_minutes_{open_question}").set_value("30").run()
    app.button(key="settle_start").click().run()
    assert not app.exception and not app.error
    plan = plan_of(home, open_question)
    assert (plan.at_most_seeds, plan.at_most_minutes, plan.open) == (8, 30, True)
    assert (plan.baseline, plan.margin, plan.judge_by) == ("scratch", 0.01, "accuracy")
    read = unescaped(app)
    assert "Settling: look 1 at 3 seeds of at most 8, 0 of at most 30 minutes" in read
    assert "stop_settling" in keys(app) and "stop_all" not in keys(app) and "add_seeds" not in keys(app)
    app.button(key="stop_settling").click().run()
    assert plan_of(home, open_question).ended == "stopped"
    assert "Stopped by hand: no more seeds." in unescaped(app) and "add_seeds" in keys(app)


def test_seeds_are_added_by_hand_and_a_second_click_adds_none(open_page, home, open_question):
    app, second = open_page(experiment=open_question), open_page(experiment=open_question)
    label = next(button.label for button in app.button if button.key == "add_seeds")
    assert label == "Add seeds: 2 more, 5 in all"
    for each in (app, second):
        each.button(key="add_seeds").click().run()
        assert not each.exception and not each.error
    found = jobs.experiment(home, open_question)
    assert (found["experiment"].looks, len(found["runs"])) == ((3, 5), 10)
    assert "stop_all" in keys(app)


def test_looks_are_told_while_it_goes_on_and_why_it_ended_after(open_page, home, open_question):
    experiment = jobs.experiment(home, open_question)["experiment"]
    plan = replace(begun_plan(SettlePlan(at_most_seeds=5), experiment), looks=((3, "undecided"),))
    settle_plan.begin(home, open_question, plan)
    jobs.add_seeds(home, open_question, 5, "undecided")
    assert "Look 1 at 3 seeds: undecided; 2 more seeds" in unescaped(open_page(experiment=open_question))
    for row in page_lab.rows(home, open_question)[6:]:
        page_lab.end(home, row, "finished")
    settle_plan.end(home, open_question, "seeds")
    read = unescaped(open_page(experiment=open_question))
    assert "Still undecided with 5 seeds, the most that were allowed." in read and "Settling:" not in read


def test_what_is_settled_is_not_run_until_settled_and_a_size_of_a_sweep_gets_no_more_seeds(open_page, home):
    assert "settle_start" not in keys(open_page(experiment=page_lab.finished(home, seeds=3)))
    sweep_id = page_lab.swept(home, sizes=(100, 300), seeds=1)
    one_size = next(iter(jobs.sweep(home, sweep_id)["experiments"]))
    assert not {"add_seeds", "settle_start"} & keys(open_page(experiment=one_size))


def test_where_no_number_of_seeds_can_settle_it_none_are_offered(open_page, home, open_question):
    answer(home, open_question)  # 30 test pictures of 12 classes, answered at random
    app = open_page(experiment=open_question)
    assert "More seeds can't settle it: 30 test pictures are too few; at least about " in unescaped(app)
    assert not {"add_seeds", "settle_start"} & keys(app)


def test_a_plan_that_is_refused_is_told_in_one_sentence(open_page, home, open_question):
    app = open_page(experiment=open_question)
    jobs.add_seeds(home, open_question, 4)
    app.button(key="add_seeds").click().run()
    assert len(app.error) == 1 and "are still training or waiting" in texts(app)


def test_the_form_starts_a_comparison_that_is_run_until_settled(open_page, home):
    app = open_page()
    app.text_input(key="form_seeds").set_value("1").run()
    assert ", 1 seed, " in unescaped(app)
    app.checkbox(key="form_settle").check().run()
    assert ", 3 seeds to begin with, " in unescaped(app)
    app.button(key="form_start").click().run()
    assert not app.exception
    (experiment_id,) = {run.experiment_id for run in jobs.list_runs(home)}
    found = jobs.experiment(home, experiment_id)
    assert found["experiment"].seeds == (0, 1, 2) and found["settling"].open
    assert "Settling: look 1 at 3 seeds of at most 20" in unescaped(app)
