"""Single pictures set aside or relabelled: in a new set, beside which nothing moves; refused in one sentence."""

import json
import shutil

import pytest
from crafted import ingest, pictures, traces, two_classes, zipped
from hypothesis import given, settings
from hypothesis import strategies as st

from tl.config import Refused
from tl.datasets import Corrections, Edits, derive, describe, drawn_here, prepare
from tl.datasets.corrections import NAMED_SO, corrected, read_relabel, read_set_aside, title_of
from tl.datasets.preparing import index_of
from tl.store.home import Home
from tl.store.pictures import SPLITS


@pytest.fixture(scope="module")
def ingested(tmp_path_factory):
    """A home with two classes without splits, as the data set x."""
    folder = tmp_path_factory.mktemp("ingested")
    ingest(Home(folder / "home"), zipped(folder / "x.zip", pictures("rose", 30) | pictures("tulip", 20)), "x")
    return folder / "home"


@pytest.fixture
def flowers(home, ingested):
    """A copy of it."""
    shutil.copytree(ingested, home.path)
    return home


def splits(home, name, seed=None) -> dict[str, tuple[str, str]]:
    """Picture -> (split, class), in the order of the store."""
    index = index_of(home.dataset_dir(name), describe(home, name))
    store = prepare(home, name, 16, seed=seed, resplit=seed is not None)
    names, found = index["name"].tolist(), {}
    for split in SPLITS:
        places, labels = store.pictures_of(split), store.labels_of(split)
        found |= {names[row]: (split, store.classes[label]) for row, label in zip(places, labels, strict=True)}
    return found


def test_every_other_picture_keeps_its_split_with_any_seed(flowers):
    aside, wrong = ("rose/0.png", "rose/7.png", "tulip/3.png"), {"rose/1.png": "tulip", "rose/12.png": "tulip"}
    info = derive(flowers, "x", "y", correct=Corrections(set_aside=aside, relabel=wrong))
    assert (info.derived_from, info.changes) == ("x", ("3 pictures set aside", "2 pictures relabelled"))
    assert (info.splits, drawn_here(flowers, info)) == ("drawn", True)
    for seed in (None, *range(6)):
        expected = {name: own for name, own in splits(flowers, "x", seed).items() if name not in aside}
        expected |= {name: (expected[name][0], label) for name, label in wrong.items()}
        assert splits(flowers, "y", seed) == expected, seed
    assert describe(flowers, "x").counts["rose"] and len(splits(flowers, "x")) == 50, "the original stays"


def test_the_order_of_the_sample_stays_where_nothing_was_corrected(flowers):
    derive(flowers, "x", "y", correct=Corrections(set_aside=("rose/0.png",)))
    for seed in (None, 1):
        before = [name for name in splits(flowers, "x", seed) if name.startswith("tulip")]
        assert [name for name in splits(flowers, "y", seed) if name.startswith("tulip")] == before


def test_what_was_corrected_twice_is_still_divided_as_at_first(flowers):
    derive(flowers, "x", "y", correct=Corrections(set_aside=("rose/0.png",), relabel={"rose/1.png": "tulip"}))
    info = derive(flowers, "y", None, correct=Corrections(set_aside=("tulip/0.png", "rose/2.png")))
    assert info.derived_from == "y"
    for seed in (None, 3):
        first, last = splits(flowers, "x", seed), splits(flowers, info.name, seed)
        gone = {"rose/0.png", "rose/2.png", "tulip/0.png"}
        assert last.keys() == first.keys() - gone
        assert {name: own[0] for name, own in last.items()} == {name: first[name][0] for name in last}


def test_a_test_set_of_its_own_stays_one(home, tmp_path):
    ingest(home, zipped(tmp_path / "x.zip", two_classes("train/", 8) | two_classes("test/", 4)), "x")
    info = derive(home, "x", "y", correct=Corrections(set_aside=("test/rose/0.png",)))
    assert (info.splits, info.test, info.left_out["set aside"]["first"]) == ("given", 7, ["test/rose/0.png"])


def test_it_is_written_which_pictures_they_were(flowers):
    info = derive(flowers, "x", None, correct=Corrections(set_aside=("0.png",) * 0, relabel={"rose/4.png": "tulip"}))
    assert (info.title, info.name) == ("x (1 relabelled)", "x-1-relabelled")
    found = corrected(flowers.dataset_dir(info.name))
    (one,) = found.corrections
    assert (found.of, found.counts, one.picture, one.was, one.now) == ("x", (0, 1), "rose/4.png", "rose", "tulip")
    assert corrected(flowers.dataset_dir("x")) is None


def test_a_content_hash_names_all_copies(home, tmp_path):
    files = pictures("rose", 12) | pictures("tulip", 12)
    files |= {"rose/copy.png": files["rose/0.png"]}
    ingest(home, zipped(tmp_path / "x.zip", files), "x")
    index = index_of(home.dataset_dir("x"), describe(home, "x"))
    digest = index.set_index("name").loc["rose/0.png", "sha256"]
    derive(home, "x", "y", correct=Corrections(set_aside=(digest,)))
    assert splits(home, "x").keys() - splits(home, "y").keys() == {"rose/0.png", "rose/copy.png"}


def test_with_changed_classes_all_is_divided_anew(flowers):
    more = Corrections(set_aside=("rose/0.png",))
    info = derive(flowers, "x", "y", Edits(renames={"rose": "r"}), correct=more)
    assert info.changes == ("'rose' renamed 'r'", "1 picture set aside") and info.splits == "drawn"
    assert "rose/0.png" not in splits(flowers, "y") and splits(flowers, "y", 1)


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (
            {"set_aside": ("lily/1.png",)},
            "x has no picture, or several, called 'lily/1.png'; its pictures have names such as '",
        ),
        ({"set_aside": ("1.png",)}, "no picture, or several, called '1.png'"),  # two have it
        ({"relabel": {"rose/1.png": "lily"}}, "can't be relabelled 'lily': the classes of x are 'rose', 'tulip'"),
        ({"set_aside": ("rose/1.png",), "relabel": {"rose/1.png": "tulip"}}, "set aside and labelled 'tulip'"),
        ({"relabel": {"rose/1.png": "rose"}}, "have these labels already"),
        ({"set_aside": tuple(f"tulip/{n}.png" for n in range(20))}, "no picture of the class 'tulip'"),
    ],
)
def test_what_can_not_be_corrected_is_one_sentence_and_leaves_nothing(flowers, wanted, says):
    before = [name for name in traces(flowers.path) if not name.endswith(".lock")]
    with pytest.raises(Refused, match=says):
        derive(flowers, "x", "y", correct=Corrections(**wanted))
    assert [name for name in traces(flowers.path) if not name.endswith(".lock")] == before


def test_a_split_is_never_emptied(flowers):
    every = tuple(name for name, (split, _) in splits(flowers, "x").items() if split == "validation")
    with pytest.raises(Refused, match="leaves no validation pictures"):
        derive(flowers, "x", "y", correct=Corrections(set_aside=every))


def test_a_damaged_record_of_the_splits_is_one_sentence(flowers):
    derive(flowers, "x", "y", correct=Corrections(set_aside=("rose/0.png",)))
    (flowers.dataset_dir("y") / "divided.parquet").write_bytes(b"PAR1")
    with pytest.raises(Refused, match=r"divided.parquet is damaged; delete the data set 'y'"):
        prepare(flowers, "y", 16, seed=1, resplit=True)


@pytest.mark.parametrize(
    "text", ["picture\na/1.jpg\n\n b/2.jpg \n", "a/1.jpg\nb/2.jpg", "file;why\na/1.jpg;dark\nb/2.jpg;\n"]
)
def test_a_list_of_pictures_is_read_as_people_write_it(tmp_path, text):
    (tmp_path / "aside.csv").write_text(text)
    assert read_set_aside(tmp_path / "aside.csv") == ("a/1.jpg", "b/2.jpg")


def test_a_table_of_labels_is_read_or_refused(tmp_path):
    path = tmp_path / "l.csv"
    path.write_text('\ufeffpicture,label\na/1.jpg,rose\n"b, 2.jpg", tulip\n', encoding="utf-8")
    assert read_relabel(path) == {"a/1.jpg": "rose", "b, 2.jpg": "tulip"}
    for text, says in (("a.jpg\n", "no label for 'a.jpg'"), ("a,x\na,y\n", "two labels"), ("\n", "names no picture")):
        path.write_text(text)
        with pytest.raises(Refused, match=says):
            read_relabel(path)
    with pytest.raises(Refused, match="no file"):
        read_set_aside(tmp_path / "gone.csv")


@settings(max_examples=25)
@given(st.text(min_size=1, max_size=40), st.integers(0, 9_999), st.integers(1, 9_999))
def test_the_title_says_how_many_and_fits(called, aside, relabelled):
    title = title_of(called, None, aside, relabelled, lambda title: not title.endswith("relabelled)"))
    assert len(title) <= 40 and title.endswith(f"{relabelled:,} relabelled) 2") and NAMED_SO.search(title)


def test_on_the_command_line_it_is_two_files(flowers, tmp_path, capsys):
    from tl.__main__ import main

    (tmp_path / "aside.csv").write_text("rose/0.png\n")
    (tmp_path / "labels.csv").write_text("picture,label\nrose/1.png,tulip\n")
    files = ["--set-aside", str(tmp_path / "aside.csv"), "--relabel", str(tmp_path / "labels.csv")]
    assert main(["datasets", "--home", str(flowers.path), "--derive", "x", *files, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["title"], document["derived_from"]) == ("x (1 set aside, 1 relabelled)", "x")
    assert main(["datasets", "--home", str(flowers.path), *files]) == 2
    assert "Name the data set with --derive NAME" in capsys.readouterr().err
