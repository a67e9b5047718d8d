"""Data sets are called what people type, in any script; folders and keys stay ASCII; the command line takes either."""

import json

import pytest
from crafted import ingest, two_classes, zipped

from tl.__main__ import main
from tl.config import NAME_PATTERN, Refused
from tl.datasets import check_name, describe, list_datasets, name_of
from tl.datasets.titles import check_title, name_for
from tl.jobs import delete_dataset
from tl.store.titles import title_of


@pytest.fixture
def path(tmp_path):
    return zipped(tmp_path / "x.zip", two_classes())


@pytest.mark.parametrize(("title", "name"), [
    ("flowers", "flowers"), ("Rose", "rose"), ("Fleurs d'été", "fleurs-d-ete"), ("花朵", "pictures"), ("Größe 2", "groe-2"),
    ("🌹", "pictures"), ("Мои цветы", "pictures"), ("A" * 40, "a" * 35),
])  # fmt: skip
def test_a_folder_has_an_ascii_name(title, name):
    found = name_for(check_title(title), lambda taken: False)
    assert found == name
    assert NAME_PATTERN.fullmatch(found)


def test_names_made_of_titles_are_different(home, path):
    infos = [ingest(home, path, title) for title in ("花朵", "玫瑰", "Fleurs d'été", "fleurs d'ete")]
    assert [info.name for info in infos] == ["pictures", "pictures-2", "fleurs-d-ete", "fleurs-d-ete-2"]
    assert [info.title for info in infos] == ["花朵", "玫瑰", "Fleurs d'été", "fleurs d'ete"]
    assert describe(home, "pictures").title == title_of(home, "pictures") == "花朵"


@pytest.mark.parametrize("title", ["花朵", "flowers"])
def test_a_title_is_given_once_whatever_its_case(home, path, title):
    ingest(home, path, title)
    for again in (title, title.upper()):
        with pytest.raises(Refused, match=f"already a data set '{title}'"):
            check_name(home, again)


@pytest.mark.parametrize("title", ["", " ", " x", "a/b", "..", ".hidden", "a\\b", "a\u202eb", "x" * 41, "--"])
def test_what_can_be_no_title_is_refused(title):
    with pytest.raises(Refused, match="can't be a data set's name"):
        check_title(title)


def test_a_data_set_is_found_by_either(home, path):
    ingest(home, path, "Fleurs d'été")
    found = [name_of(home, text) for text in ("fleurs-d-ete", "Fleurs d'été", "FLEURS D'ÉTÉ", "Blossoms", "nowhere")]
    assert found == ["fleurs-d-ete"] * 3 + ["blossoms", "nowhere"]
    with pytest.raises(Refused, match="There is no data set '花朵'"):
        name_of(home, "花朵")


def test_one_of_an_earlier_version_goes_on_working(home, path):
    info = ingest(home, path, "flowers")
    place = home.dataset_dir("flowers") / "dataset.json"
    document = json.loads(place.read_text())
    for later in ("noted", "scales", "names_in", "garbled"):
        del document[later]
    place.write_text(json.dumps(document))
    assert describe(home, "flowers") == info
    assert title_of(home, "flowers") == "flowers"


def test_the_command_line_shows_the_title_and_takes_it(home, path, capsys):
    about = ["--home", str(home.path)]
    assert main(["ingest", str(path), "--name", "花朵", *about]) == 0
    assert capsys.readouterr().out.startswith("花朵 (--dataset pictures): 2 classes")
    assert main(["datasets", *about]) == 0
    assert "花朵" in capsys.readouterr().out
    assert main(["advise", "--dataset", "花", *about]) == 2
    assert "There is no data set '花'" in capsys.readouterr().err
    assert main(["datasets", "--delete", "花朵", *about]) == 0
    assert "花朵 has been deleted" in capsys.readouterr().out
    assert "pictures" not in [info.name for info in list_datasets(home)]


def test_a_file_in_another_script_names_its_data_set(home, tmp_path, capsys):
    path = zipped(tmp_path / "花朵.zip", two_classes())
    assert main(["ingest", str(path), "--home", str(home.path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["name"], document["title"]) == ("pictures", "花朵")
    delete_dataset(home, "pictures")
