"""What is refused besides what lies in the archive (see test_corpus.py): names, files that are not there, hard cases."""

import time

import pytest
from crafted import entry, forged, ingest, picture, traces, two_classes, zipped

from tl.config import Refused
from tl.datasets.archive import read_members

GOOD = two_classes()


def test_a_file_that_is_not_there_is_refused(home, tmp_path):
    with pytest.raises(Refused, match="no file"):
        ingest(home, tmp_path / "none.zip", "x")
    assert traces(home.path) == []


@pytest.mark.parametrize("name", ["blossoms", "cifar10", "CIFAR-10", "../x", "", "a" * 41, ".x", "a/b", "x\n"])
def test_a_name_that_is_taken_or_no_name_is_refused(home, tmp_path, name):
    path = zipped(tmp_path / "x.zip", GOOD)
    with pytest.raises(Refused, match="name"):
        ingest(home, path, name)
    assert traces(home.path) == []


def test_a_name_is_given_once(home, tmp_path):
    path = zipped(tmp_path / "x.zip", GOOD)
    ingest(home, path, "x")
    before = traces(home.path)
    with pytest.raises(Refused, match="already a data set 'x'"):
        ingest(home, path, "x")
    assert traces(home.path) == before


def test_names_that_are_made_to_be_slow_are_refused_at_once(tmp_path):
    """16 MB of names of thousands of folders each: comparing all their parents would take minutes."""
    deep = [entry("a/" * 30_000 + str(number), b"") for number in range(250)]
    path = forged(tmp_path / "x.zip", deep)
    began = time.monotonic()
    with pytest.raises(Refused, match="at most 4,096 are accepted"):
        read_members(path)
    assert time.monotonic() - began < 5


def test_many_names_as_deep_as_is_accepted_are_read_soon(tmp_path):
    deep = [entry("/".join([f"{number}" * 3] * 32) + "/x.png", b"") for number in range(10_000)]
    path = forged(tmp_path / "x.zip", deep)
    began = time.monotonic()
    assert len(read_members(path)) == 10_000
    assert time.monotonic() - began < 10


def test_a_link_to_an_archive_is_read_as_the_archive(home, tmp_path):
    zipped(tmp_path / "real.zip", GOOD | {"rose/more.png": picture(5)})
    (tmp_path / "x.zip").symlink_to(tmp_path / "real.zip")
    info = ingest(home, tmp_path / "x.zip", "x")
    assert info.train + info.validation + info.test == 7
