"""The HTML report: everything in it, nothing that runs, nothing loaded from anywhere."""

import base64
import html.parser
import re
import shlex

import pytest

from tests import page_lab
from tl.__main__ import parser
from tl.cli.compare import experiment_of
from tl.config import Refused
from tl.report.experiment import experiment_report
from tl.store.database import read_experiment
from tl.store.home import Home


@pytest.fixture
def home(tmp_path):
    """An empty home."""
    return Home(tmp_path / "home")


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


def test_a_finished_experiment_is_told_whole(home):
    experiment_id = page_lab.finished(home, seeds=3)
    read = Reader(experiment_report(home, experiment_id))
    for words in ("+30.0 points", "3 seeds", "95 %", "Was every arm given a fair chance?", "CPU, 2 threads", "arXiv"):
        assert words in read.text, words
    assert "Time to" in read.text and "Peak memory" in read.text
    pictures = [attributes["src"] for tag, attributes in read.tags if tag == "img"]
    assert len(pictures) == 4
    first = base64.b64decode(pictures[0].removeprefix("data:image/svg+xml;base64,")).decode()
    assert first.startswith("<svg") and "epoch" in first


def test_the_command_in_it_repeats_the_experiment(home):
    experiment_id = page_lab.submit(home, arms=page_lab.ARMS[:1], seeds=2)
    for row in page_lab.rows(home, experiment_id):
        page_lab.end(home, row, "finished")
    report = experiment_report(home, experiment_id, margin=0.02, target=0.4)
    (words,) = re.findall(r"<pre><code>python -m tl (.*?)</code></pre>", report)
    arguments = parser().parse_args(shlex.split(words))
    assert (arguments.margin, arguments.target) == (0.02, 0.4)
    assert experiment_of(arguments) == read_experiment(home, experiment_id)["experiment"]


def test_nothing_in_it_runs_or_is_loaded(home):
    experiment_id = page_lab.finished(home)  # its second arm is called **Evil** <b>arm</b> :tada:
    report = experiment_report(home, experiment_id)
    read = Reader(report)
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
    read = Reader(experiment_report(home, page_lab.failed(home)))
    assert "diverged" in read.text
    assert "The loss became [nan](http://evil.example) in epoch 3." in read.text


def test_what_still_trains_is_refused(home):
    experiment_id = page_lab.running(home)
    with pytest.raises(Refused, match="still has runs that train or wait"):
        experiment_report(home, experiment_id)
    with pytest.raises(Refused, match="There is no experiment"):
        experiment_report(home, "x" * 26)
