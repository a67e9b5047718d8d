"""The HTML report: everything in it, nothing that runs, nothing loaded from anywhere."""

import base64
import html
import html.parser
import re
import shlex
from dataclasses import replace

import pytest

from tests import page_lab
from tl import jobs
from tl.__main__ import parser
from tl.analysis.baselines import baseline_of
from tl.analysis.sweep import sweep_result
from tl.arms import parse_arms
from tl.cli.experiment_options import experiment_of
from tl.cli.sweep import sweep
from tl.config import ArmConfig, Experiment, Refused
from tl.report.command import command
from tl.report.report import report
from tl.store.queue import database, name_and_notes
from tl.store.queue.database import read_experiment


class Reader(html.parser.HTMLParser):
    """Collects tags with their attributes and the text between them."""

    def __init__(self, document: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.words: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        """All text."""
        return " ".join(" ".join(self.words).split())


def repeated(document: str):
    """The arguments of the command in a report."""
    (words,) = re.findall(r"<pre><code>(.*?)</code></pre>", document)
    python, flag, module, *arguments = shlex.split(html.unescape(re.sub("<.*?>", "", words)))
    assert (python, flag, module) == ("python", "-m", "tl")
    return parser().parse_args(arguments)


def pictures(read: Reader) -> list[str]:
    """Its charts as SVG."""
    found = [attributes["src"] for tag, attributes in read.tags if tag == "img"]
    return [base64.b64decode(each.removeprefix("data:image/svg+xml;base64,")).decode() for each in found]


def test_a_finished_experiment_is_told_whole(home):
    experiment_id = page_lab.finished(home, seeds=3)
    read = Reader(report(home, experiment_id))
    for words in ("+30.0 points", "3 seeds", "95 %", "Was every arm given a fair chance?", "CPU, 2 threads", "arXiv"):
        assert words in read.text, words
    assert "Time to" in read.text and "Peak memory" in read.text
    first, *others = pictures(read)
    assert len(others) == 3
    assert first.startswith("<svg") and "epoch" in first


def test_what_did_not_go_as_planned_is_told(home):
    experiment_id = page_lab.submit(home, arms=page_lab.ARMS[:1], seeds=2)
    for row in page_lab.rows(home, experiment_id):
        page_lab.end(home, row, "finished", notes=["Each batch went through in 2 parts."] if row.seed else [])
    assert "From scratch, seed 1: Each batch went through in 2 parts." in Reader(report(home, experiment_id)).text


def test_the_command_in_it_repeats_the_experiment(home):
    experiment_id = page_lab.submit(home, arms=page_lab.ARMS[:1], seeds=2)
    for row in page_lab.rows(home, experiment_id):
        page_lab.end(home, row, "finished")
    judged = {"margin": 0.02, "target": 0.4, "baseline": "scratch"}
    arguments = repeated(report(home, experiment_id, **judged))
    assert {name: getattr(arguments, name) for name in judged} == judged
    assert experiment_of(arguments) == read_experiment(home, experiment_id)["experiment"]


@pytest.mark.parametrize("arms", ["l2_sp:learning_rate=1e-3,l2_sp:epochs=3", "scratch:epochs=3,scratch"])
def test_the_baseline_in_the_command_is_an_arm_of_the_command(arms):
    spec = Experiment(dataset="blossoms", arms=parse_arms(arms), seeds=(0,))
    for place, arm in enumerate(spec.arms):
        words = shlex.split(command(spec, judged={"baseline": arm.name}))
        arguments = parser().parse_args(words[3:])
        again = experiment_of(arguments)
        assert baseline_of(again, arguments.baseline) == again.arms[place].name
        assert [replace(arm, name="a") for arm in again.arms] == [replace(arm, name="a") for arm in spec.arms]


def test_nothing_in_it_runs_or_is_loaded(home):
    experiment_id = page_lab.finished(home)  # its second arm is called **Evil** <b>arm</b> :tada:
    read = Reader(report(home, experiment_id))
    tags = {tag for tag, _ in read.tags}
    assert not tags & {"script", "iframe", "object", "embed", "link", "b", "form", "base"}
    assert "**Evil** <b>arm</b> :tada:" in read.text, "shown letter by letter"
    attributes = [(name, value or "") for _, found in read.tags for name, value in found.items()]
    assert not [name for name, _ in attributes if name.startswith("on")]
    assert all(value.startswith("data:image/svg+xml") for name, value in attributes if name == "src")
    assert all(value.startswith("https://") for name, value in attributes if name == "href")
    policy = next(found["content"] for tag, found in read.tags if found.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy


def test_a_failed_arm_is_in_it_too(home):
    read = Reader(report(home, page_lab.failed(home)))
    assert "diverged" in read.text
    assert "the loss became [nan](http://evil.example) in epoch 3" in read.text


def test_what_still_trains_is_refused(home):
    experiment_id = page_lab.running(home)
    with pytest.raises(Refused, match="still has runs that are training or waiting"):
        report(home, experiment_id)
    with pytest.raises(Refused, match="There is no experiment"):
        report(home, "x" * 26)


def test_a_finished_sweep_is_told_whole(home):
    sweep_id = page_lab.swept(home)
    name_and_notes.write(home, sweep_id, "A <b>name</b>", "noted at dusk")
    found = sweep_result(home, sweep_id)
    document = report(home, sweep_id)
    read = Reader(document)
    curves, residuals = pictures(read)
    assert "3,000" in curves and "6,000" in curves and "break-even" in curves, "a log axis to twice the largest size"
    assert "points" in residuals
    for words in (
        found.text,
        "30.3 %",
        "29.6 to 31.0 %",
        "+20.0 points",
        "times (",
        "Worth it up to",
        "Test accuracy: 95 % interval for these test pictures",
        "CPU, 2 threads",
        "A <b>name</b>",
        "noted at dusk",
    ):
        assert words in read.text, words
    assert read.text.count("**Evil** <b>arm</b> :tada:") > 12, "every size and run, letter by letter"
    assert not {tag for tag, _ in read.tags} & {"script", "b", "link"}
    assert all(run.run_id in read.text for run in jobs.sweep(home, sweep_id)["runs"])


def test_the_command_in_it_repeats_the_sweep(home):
    arms = (page_lab.ARMS[0], ArmConfig(name="full_finetuning", strategy="full_finetuning", epochs=4))
    experiment = Experiment(dataset="blossoms", epochs=6, arms=arms, seeds=(4,))
    sweep_id = jobs.submit_sweep(home, experiment, (100, 300))
    for run in jobs.sweep(home, sweep_id)["runs"]:
        page_lab.end(home, database.read_run(home, run.run_id), "finished")
    arguments = repeated(report(home, sweep_id, baseline="full_finetuning", margin=0.02))
    assert (arguments.run, arguments.sizes) == (sweep, "100,300")
    assert (arguments.baseline, arguments.margin) == ("full_finetuning", 0.02)
    stored = next(iter(jobs.sweep(home, sweep_id)["experiments"].values()))
    assert experiment_of(arguments) == replace(stored, samples=None)


def test_how_each_class_fared_is_in_it(home):
    read = Reader(report(home, page_lab.classified(home)))
    *_, chart = pictures(read)
    assert "Class by class" in read.text and "recognised" in chart
    # 5 and 8 of 10 with Wilson's intervals; balanced accuracy (0.5 + 0.8) / 2
    for words in ("50.0 % (23.7 to 76.3 %)", "80.0 % (49.0 to 94.3 %)", "65.0 %", "not available"):
        assert words in read.text, words


@pytest.mark.parametrize("judge", ["accuracy", "balanced_accuracy"])
def test_what_is_judged_by_balanced_accuracy_is_drawn_as_that(home, judge):
    experiment = Experiment(dataset="blossoms", samples=100, arms=page_lab.ARMS[:1], judge_by=judge)
    experiment_id = jobs.submit(home, experiment)
    for row in page_lab.rows(home, experiment_id):
        page_lab.end(home, row, "finished")
    drawn = "Balanced validation accuracy by epoch" in Reader(report(home, experiment_id)).text
    assert drawn == (judge == "balanced_accuracy")


def test_runs_without_answers_have_no_section_on_classes(home):
    assert "Class by class" not in Reader(report(home, page_lab.finished(home))).text
