"""Labels that a person gives: kept at once, one after the other, and only of pictures without any."""

from multiprocessing.pool import ThreadPool

import pytest
from crafted import ingest, pictures, two_classes, zipped

from tl.config import Refused
from tl.datasets import DatasetInfo
from tl.datasets.given_labels import FILE, NONE_OF_THEM, Given, give, read, to_label
from tl.store.home import Home

CLASSES = ("rose", "tulip")


@pytest.fixture
def field(home: Home, tmp_path) -> DatasetInfo:
    return ingest(home, zipped(tmp_path / "x.zip", pictures("x", 40)), "field", unlabelled=True)


def test_each_label_is_kept_at_once_changed_and_taken_back(home: Home, field: DatasetInfo):
    first, second, third = to_label(field)[:3]
    assert read(home, "field") == Given({})
    give(home, field, first, "rose", CLASSES)
    give(home, field, second, NONE_OF_THEM, CLASSES)
    found = give(home, field, third, "tulip", CLASSES)
    assert found == read(home, "field") == Given({first: "rose", second: NONE_OF_THEM, third: "tulip"})
    assert found.usable == {first: "rose", third: "tulip"}
    assert give(home, field, first, "tulip", CLASSES).labels[first] == "tulip"
    assert give(home, field, first, None, CLASSES).labels == {second: NONE_OF_THEM, third: "tulip"}


def test_test_pictures_are_asked_about_by_chance_and_always_in_the_same_order(field: DatasetInfo):
    order = to_label(field)
    assert sorted(order) == list(range(field.test)) and order != sorted(order) and order == to_label(field)


def test_two_people_who_label_at_once_lose_nothing(home: Home, field: DatasetInfo):
    with ThreadPool(6) as pool:
        pool.map(lambda place: give(home, field, place, "rose", CLASSES), range(6))
    assert read(home, "field").labels.keys() == set(range(6))


def test_what_can_not_be_a_label_is_refused(home: Home, field: DatasetInfo, tmp_path):
    for place, label, sentence in ((40, "rose", "no picture 40"), (-1, "rose", "no picture"), (0, "daisy", "'daisy'")):
        with pytest.raises(Refused, match=sentence):
            give(home, field, place, label, CLASSES)
    own = ingest(home, zipped(tmp_path / "y.zip", two_classes()), "y")
    with pytest.raises(Refused, match="have labels"):
        give(home, own, 0, "rose", CLASSES)


def test_a_damaged_file_is_not_written_over(home: Home, field: DatasetInfo):
    path = home.dataset_dir("field") / FILE
    path.write_bytes(b"PAR1 nothing PAR1")
    assert read(home, "field") == Given({})
    with pytest.raises(Refused, match="is damaged; move it away"):
        give(home, field, 0, "rose", CLASSES)
    assert path.read_bytes() == b"PAR1 nothing PAR1"
