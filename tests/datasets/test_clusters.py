"""What belongs together is one cluster and lies on one side: splits at ingest, splits of a seed, and what is said of it."""

import hashlib
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from crafted import ingest, two_classes, zipped
from hypothesis import assume, given
from hypothesis import strategies as st
from test_leakage import photo, saved

from tl.config import Refused
from tl.datasets import clusters
from tl.datasets.leakage import COMMON
from tl.datasets.split import order, redraw
from tl.store.files import read_parquet
from tl.store.pictures import SPLITS


def digest(*about) -> str:
    return hashlib.sha256(repr(about).encode()).hexdigest()


@st.composite
def grouped(draw) -> pd.DataFrame:
    """Pictures of two to four classes: some alone, some in groups within a class or across classes."""
    rows = []
    for label in range(draw(st.integers(2, 4))):
        rows += [(label, digest(label, number), -1) for number in range(draw(st.integers(3, 25)))]
    labels = sorted({label for label, _, _ in rows})
    for group in range(draw(st.integers(0, 8))):
        among = draw(st.lists(st.sampled_from(labels), min_size=1, max_size=2, unique=True))
        size = draw(st.integers(2, 15))
        rows += [(among[number % len(among)], digest("group", group, number), group) for number in range(size)]
    frame = pd.DataFrame(rows, columns=["label", "sha256", "group"])
    return frame.assign(split="").sample(frac=1, random_state=draw(st.integers(0, 99)))


def names(frame: pd.DataFrame) -> tuple[str, ...]:
    return tuple(f"class {number}" for number in range(frame["label"].max() + 1))


def check(drawn: pd.DataFrame, before: pd.DataFrame) -> None:
    assert sorted(drawn["sha256"]) == sorted(before["sha256"])
    assert drawn[drawn["group"] >= 0].groupby("group")["split"].nunique().max() in (1, np.nan) or (
        (drawn["group"] < 0).all()
    )
    assert (drawn.groupby("split")["label"].nunique() == before["label"].nunique()).all()
    assert set(drawn["split"]) == set(SPLITS)
    places = [SPLITS.index(split) for split in drawn["split"]]
    assert places == sorted(places), "rows lie in the order of the store"


@given(grouped(), st.integers(0, 2**31 - 1))
def test_no_cluster_lies_on_two_sides_and_every_class_is_in_every_split(frame, seed):
    check(order(frame, names(frame)), frame)
    check(redraw(frame, names(frame), seed), frame)


@given(grouped(), st.integers(0, 9))
def test_a_seed_draws_the_same_from_any_order_and_any_numbering_of_clusters(frame, seed):
    other = frame.sort_values("sha256").assign(
        group=lambda frame: frame["group"].where(frame["group"] < 0, 99 - frame["group"])
    )
    columns = ["label", "sha256", "split"]
    drawn, again = (redraw(each, names(frame), seed)[columns] for each in (frame, other))
    pd.testing.assert_frame_equal(drawn, again)


@given(grouped(), st.integers(0, 9))
def test_the_first_training_pictures_of_a_seed_are_a_balanced_sample(frame, seed):
    train = redraw(frame, names(frame), seed).query("split == 'train'")
    shares = train["label"].value_counts(normalize=True).sort_index().to_numpy()
    seen = np.zeros(len(shares))
    for count, label in enumerate(train["label"], 1):
        seen[label] += 1
        assert (np.abs(seen - shares * count) <= len(shares) + 1e-9).all()


@given(st.lists(st.integers(7, 40), min_size=2, max_size=5), st.integers(0, 99))
def test_each_seed_draws_another_split_of_the_same_sizes(sizes, seed):
    rows = [(label, digest(label, number), -1, "") for label, size in enumerate(sizes) for number in range(size)]
    frame = pd.DataFrame(rows, columns=["label", "sha256", "group", "split"])
    drawn = [redraw(frame, names(frame), each) for each in (seed, seed + 1)]
    counted = [each.groupby(["label", "split"]).size() for each in (*drawn, order(frame, names(frame)))]
    assert (counted[0] == counted[2]).all() and (counted[1] == counted[2]).all()
    tests = [set(each.query("split == 'test'")["sha256"]) for each in drawn]
    assume(sum(sizes) > 60)
    assert tests[0] != tests[1]


def test_a_seeds_split_is_the_same_for_ever():
    """On every machine and with every version of numpy: runs of one experiment may be trained on several."""
    frame = pd.DataFrame(
        [(label, digest(label, number), -1, "") for label in (0, 1) for number in range(10)],
        columns=["label", "sha256", "group", "split"],
    )
    drawn = redraw(frame, ("a", "b"), 7)
    assert digest(drawn[["sha256", "split"]].to_numpy().tolist())[:16] == "a4cc36d3ccbb33a9"


@given(st.integers(1, 3), st.integers(30, 120))
def test_shares_hold_as_far_as_whole_clusters_allow(size, clusters_of_a_class):
    rows = [
        (label, digest(label, number), number // size + label * 1000, "")
        for label in (0, 1)
        for number in range(size * clusters_of_a_class)
    ]
    frame = pd.DataFrame(rows, columns=["label", "sha256", "group", "split"])
    found = order(frame, names(frame)).groupby(["label", "split"]).size()
    share = 0.15 * size * clusters_of_a_class
    for label in (0, 1):
        assert abs(found[label, "test"] - share) <= size and abs(found[label, "validation"] - share) <= size


def test_validation_is_taken_in_whole_clusters():
    rows = [
        (label, digest(label, number), label * 100 + number // 5, "train") for label in (0, 1) for number in range(40)
    ]
    rows += [(label, digest("test", label, number), -1, "test") for label in (0, 1) for number in range(5)]
    frame = order(pd.DataFrame(rows, columns=["label", "sha256", "group", "split"]), ("a", "b"))
    inside = frame[frame["group"] >= 0]
    assert inside.groupby("group")["split"].nunique().max() == 1
    assert frame.groupby(["label", "split"]).size().unstack()["validation"].tolist() == [5, 5]


REFUSED = {
    "one cluster": ([40], "'b' can't be divided: all its 40 pictures belong together"),
    "two": ([39, 1], "'b' can't be divided: its 40 pictures form only 2 clusters, of 39 and 1 pictures"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_class_of_too_few_clusters_is_refused_with_the_reason(case):
    sizes, words = REFUSED[case]
    rows = [(0, digest(number), -1, "") for number in range(20)]
    rows += [(1, digest(group, number), group, "") for group, size in enumerate(sizes) for number in range(size)]
    with pytest.raises(Refused, match=words) as refusal:
        order(pd.DataFrame(rows, columns=["label", "sha256", "group", "split"]), ("a", "b"))
    assert "equal and almost equal pictures" in str(refusal.value) and "3 clusters are needed" in str(refusal.value)


def test_classes_that_belong_together_throughout_are_refused():
    rows = [(label, digest(group, label), group, "") for group in range(3) for label in (0, 1)]
    frame = pd.DataFrame(rows, columns=["label", "sha256", "group", "split"])
    check(order(frame, ("a", "b")), frame)
    rows = [(0, digest("a", group), group, "") for group in range(3)]
    rows += [(1, digest("b", group), group, "") for group in range(3)] + [(2, digest("c", 0), 0, "")]
    rows += [(2, digest("c", number), 1, "") for number in range(5)]
    with pytest.raises(Refused, match="'c' can't be divided: its 6 pictures form only 2 clusters"):
        order(pd.DataFrame(rows, columns=["label", "sha256", "group", "split"]), ("a", "b", "c"))


def looked_at(frames: int, kinds: int, shade) -> tuple[pd.DataFrame, np.ndarray]:
    """`frames` pictures of so many difference hashes, each of one shade."""
    rows = np.arange(frames)
    looks = np.array([0x0123456789ABCDEF * (row % kinds + 1) % 2**64 for row in rows.tolist()], np.uint64)
    names = [digest(row) for row in rows.tolist()]
    pictures = pd.DataFrame({"sha256": names, "looks": looks, "belongs": ""})
    pixels = np.broadcast_to(shade(rows).astype(np.uint8)[:, None, None, None], (frames, 8, 8, 3))
    return pictures, pixels


@pytest.mark.parametrize("kinds", [1, 2])  # 2: as many of a kind as are still compared, each with each
@pytest.mark.parametrize("alike", [True, False], ids=["the same shade", "different shades"])
def test_thousands_of_alike_pictures_stay_cheap(kinds, alike):
    pictures, pixels = looked_at(
        2 * COMMON, kinds, (lambda rows: rows % 2) if alike else (lambda rows: rows // kinds % 5 * 60)
    )
    tracemalloc.start()
    found = clusters.clusters(pictures, pixels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6
    if kinds == 1:
        assert (found == -1).all(), "what all pictures share says nothing"
    else:
        assert len(set(found)) == kinds * (1 if alike else 5) and (found >= 0).all()


def test_pixels_decide_not_the_hash_alone():
    pictures, pixels = looked_at(4, 1, lambda rows: np.array([10, 15, 100, 200]))
    first, second, third, fourth = clusters.clusters(pictures, pixels)
    assert first == second >= 0 and third == fourth == -1


def test_plain_pictures_are_alone():
    pictures, pixels = looked_at(9, 1, lambda rows: rows * 10)
    plain = pictures.assign(looks=np.array([0, 1, 2, 3, 4, 5, 6, 7, 0], np.uint64))
    assert (clusters.clusters(plain, pixels) == -1).all()
    assert (clusters.clusters(pictures, pixels) == 0).all(), "each is almost the next"


def test_groups_equal_pictures_and_almost_equal_ones_join_to_one_cluster():
    pictures, pixels = looked_at(6, 6, lambda rows: np.array([0, 0, 0, 50, 100, 150]))
    pictures.loc[1, "looks"] = pictures.loc[0, "looks"]  # almost equal to the first
    pictures.loc[2, "sha256"] = pictures.loc[1, "sha256"]
    pictures.loc[[2, 3], "belongs"] = "anna"
    found = clusters.clusters(pictures, pixels)
    assert (found[:4] == 0).all() and (found[4:] == -1).all()
    turned = clusters.clusters(pictures[::-1].reset_index(drop=True), pixels[::-1])
    assert (turned == found[::-1]).all()


def test_shots_of_a_series_never_leak_from_a_split_made_here(home, tmp_path):
    files = two_classes("", 10)
    for place, name in enumerate(("rose", "tulip")):
        for series in range(12):
            whole = photo(1000 * place + series)
            for shot in range(3):
                darker = whole.point(lambda value, shot=shot: value * (1 - 0.03 * shot))
                files[f"{name}/{series}-{shot}.jpg"] = saved(darker, "JPEG", quality=90 - shot)
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert info.leakage == {} and (info.groups, info.grouped, info.splits) == (24, 72, "drawn")
    index = read_parquet(home.dataset_dir("x") / "index.parquet")
    assert index["group"].dtype == np.int64 and "belongs" not in index
    series = index[index["group"] >= 0].groupby("group")
    assert (series.size() == 3).all() and series["split"].nunique().max() == 1


def test_a_class_that_is_mostly_one_series_is_told(home, tmp_path):
    files = two_classes("", 12)
    whole = photo(5)
    files |= {f"rose/shot{n}.png": saved(whole.point(lambda value, n=n: value * (1 - 0.004 * n))) for n in range(20)}
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert info.crowded == {"rose": 20}
    assert all(info.counts["rose"][split] > 0 for split in SPLITS)
