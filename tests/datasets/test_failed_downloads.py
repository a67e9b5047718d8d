"""A data set of torchvision's whose download fails, or is under way elsewhere."""

import threading

import pytest

from tl.config import Refused
from tl.datasets import download, prepare
from tl.languages import say, speaking
from tl.store.files import locked
from tl.train.__main__ import explain


def test_a_failed_download_refuses_and_leaves_nothing(home, monkeypatch):
    sentence = "CIFAR-10 could not be downloaded: no network; connect, or put x into y."
    monkeypatch.setattr(download, "COMMAND", ["-c", f"import sys; sys.exit({sentence!r})"])
    with pytest.raises(Refused) as refusal:
        prepare(home, "cifar10", 32)
    assert str(refusal.value) == sentence
    assert explain(refusal.value) == ("download_failed", sentence), "a run says so, and not that its pictures are bad"
    assert {path.name for path in home.path.rglob("*")} == {"locks", "downloads", "download-cifar10.lock"}


def test_a_failed_download_is_told_in_the_reader_s_language(home, monkeypatch):
    failing = "import sys; from tl.languages import for_stderr, say; sys.exit(for_stderr(say('no network; connect')))"
    monkeypatch.setattr(download, "COMMAND", ["-c", failing])
    monkeypatch.setenv("TL_LANGUAGE", "zh")
    for language in ("en", "zh"):
        with speaking(language), pytest.raises(Refused) as refusal:
            prepare(home, "cifar10", 32)
        with speaking(language):
            assert str(refusal.value) == say("no network; connect")


def test_a_download_that_crashes_refuses_in_words(home, monkeypatch):
    monkeypatch.setattr(download, "COMMAND", ["-c", "import sys; print('Killed', file=sys.stderr); sys.exit(9)"])
    with pytest.raises(
        Refused, match=r"^CIFAR-10 could not be downloaded: the download ended with status 9 \(Killed\)"
    ):
        prepare(home, "cifar10", 32)


def test_two_who_want_it_wait_for_one_download(home, monkeypatch):
    monkeypatch.setattr(download, "COMMAND", ["-c", "import sys; sys.exit('CIFAR-10 is asked for')"])
    answers = []

    def ask():
        with pytest.raises(Refused):
            prepare(home, "cifar10", 32)
        answers.append("asked")

    with locked(home.locks_dir / "download-cifar10.lock"):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join(0.5)
        assert not answers
    thread.join()
    assert answers == ["asked"]


def test_who_waits_for_another_download_says_so_and_may_give_up(home):
    def give_up(*about):
        assert about == (0, 0, "waiting until another process has downloaded CIFAR-10")
        raise KeyboardInterrupt

    with locked(home.locks_dir / "download-cifar10.lock"), pytest.raises(KeyboardInterrupt):
        prepare(home, "cifar10", 32, progress=give_up)
