"""Pictures that nobody has labelled: a set to work on. It has no classes, and nothing learns from it alone."""

import pandas as pd
import pytest
from crafted import ingest, pictures, two_classes, zipped

from tl.config import ArmConfig, Experiment, Refused
from tl.datasets import DatasetInfo, Edits, LayoutRequest, derive, describe, examples, prepare
from tl.jobs.queue import resolved
from tl.store.home import Home


@pytest.fixture
def loose(home: Home, tmp_path) -> DatasetInfo:
    """20 loose pictures, and 4 in a folder."""
    files = {name.removeprefix("x/"): data for name, data in pictures("x", 20).items()} | pictures("from/the field", 4)
    return ingest(home, zipped(tmp_path / "field.zip", files), "field", unlabelled=True)


def test_loose_pictures_in_any_folders_make_a_set_without_classes(home: Home, loose: DatasetInfo):
    assert (loose.labelled, loose.classes, loose.counts) == (False, (), {})
    assert (loose.train, loose.validation, loose.test, loose.splits) == (16, 4, 4, "drawn")
    assert describe(home, "field") == loose
    store = prepare(home, "field", 32)
    assert store.ready == 24 and set(store.labels.tolist()) == {-1}
    again = prepare(home, "field", 32, seed=3, resplit=True)
    assert len(again.pictures_of("test")) == 4 and (again.pictures_of("test") != store.pictures_of("test")).any()
    assert [name for name, _ in examples(home, "field")] == [""] * 16
    assert loose.largest_to_smallest is None


def test_folders_of_classes_are_no_classes_when_nobody_says_so(home: Home, tmp_path):
    files = two_classes(count=5) | pictures("elsewhere", 5)
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x", unlabelled=True, group="folder")
    assert info.classes == () and info.train == info.validation == info.test == 5
    assert info.groups == 3, "a folder's pictures stay on one side"


def test_nothing_learns_from_it(home: Home, loose: DatasetInfo):
    arms = (ArmConfig(name="scratch", strategy="scratch"),)
    with pytest.raises(
        Refused, match="The pictures of field have no labels, so nothing can be learned from them alone"
    ):
        resolved(home, Experiment(dataset="field", arms=arms))
    with pytest.raises(Refused, match="have no labels"):
        derive(home, "field", "other", Edits(leave_out=("x",)))


def test_what_asks_for_classes_of_such_pictures_is_refused(home: Home, tmp_path):
    path = zipped(tmp_path / "x.zip", two_classes(count=5))
    with pytest.raises(Refused, match="have no classes; leave out --classes-from 1"):
        ingest(home, path, "x", unlabelled=True, asked=LayoutRequest(classes_from="1"))
    with pytest.raises(Refused, match="no classes that could be changed"):
        ingest(home, path, "x", unlabelled=True, edits=Edits(at_most=3))
    with pytest.raises(Refused, match="too few different readable pictures"):
        ingest(home, zipped(tmp_path / "y.zip", pictures("a", 2)), "y", unlabelled=True)
    assert not home.datasets_dir.exists() or not [*home.datasets_dir.glob("[!.]*")]


def test_an_index_with_labels_is_not_that_of_a_set_without(home: Home, loose: DatasetInfo):
    path = home.dataset_dir("field") / "index.parquet"
    frame = pd.read_parquet(path)
    frame.assign(label=0).to_parquet(path)
    with pytest.raises(Refused, match="is damaged"):
        prepare(home, "field", 32)
