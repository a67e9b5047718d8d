"""`python -m tl ingest` and `datasets`: a zip becomes a data set, what was understood is said, and how to say otherwise."""

import json
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.commands import main
from tl.cli import datasets
from tl.datasets import BUILT_IN


def test_a_zip_is_ingested_listed_and_given_back(capsys, home, tmp_path):
    archive = tmp_path / "My Pets.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(40):
            picture = BytesIO()
            Image.new("RGB", (40, 40), (number * 6, 10, 200 - number)).save(picture, "PNG")
            file.writestr(f"pets/{('cat', 'dog')[number % 2]}/{number}.png", picture.getvalue())
        file.writestr("pets/dog/broken.png", b"no picture")
    status, stdout, stderr = main(capsys, home, "ingest", str(archive), "--json")
    document = json.loads(stdout)
    assert (status, stderr) == (0, "")
    assert (document["name"], document["classes"]) == ("my-pets", ["cat", "dog"])
    assert document["train"] + document["validation"] + document["test"] == 40
    assert [part["count"] for part in document["left_out"].values()] == [1]
    assert [one["classes"] for one in document["readings"]] == [{"cat": 20, "dog": 20}]
    del document["left_out"], document["readings"]
    listed = json.loads(main(capsys, home, "datasets", "--json")[1])["datasets"]
    assert document in listed
    status, stdout, _ = main(capsys, home, "ingest", str(archive), "--name", "pets")
    assert (status, stdout[:17]) == (0, "pets: 2 classes, ")
    assert "broken.png" in stdout
    status, stdout, stderr = main(capsys, home, "ingest", str(archive), "--name", "blossoms")
    assert (status, stdout) == (2, "")
    status, stdout, stderr = main(capsys, home, "ingest", str(archive), "--name", "pets")
    assert (status, stdout) == (2, "") and "`python -m tl datasets --delete pets`" in stderr
    assert main(capsys, home, "datasets", "--delete", "pets") == (0, "pets has been deleted.\n", "")
    status, stdout, _ = main(capsys, home, "datasets", "--delete", "my-pets", "--json")
    assert (status, json.loads(stdout)) == (0, {"deleted": "my-pets"})
    assert {entry["name"] for entry in json.loads(main(capsys, home, "datasets", "--json")[1])["datasets"]} == {
        *BUILT_IN
    }


def shots(path: Path, *folders: str, each: int = 4) -> str:
    with zipfile.ZipFile(path, "w") as file:
        for place, folder in enumerate(folders):
            for number in range(each):
                picture = BytesIO()
                Image.new("RGB", (40, 40), (number * 40, place * 60, 99)).save(picture, "PNG")
                file.writestr(f"{folder}/{number}.png", picture.getvalue())
    return str(path)


def test_what_was_understood_is_printed_with_how_to_say_otherwise(capsys, home, tmp_path):
    pets = shots(tmp_path / "pets.zip", "photo/cat", "photo/dog", "sketch/cat", "sketch/dog")
    status, stdout, _ = main(capsys, home, "ingest", pets, "--look")
    assert status == 0 and main(capsys, home, "datasets", "--json")[1].count('"pets"') == 0
    assert stdout.startswith("pets: 2 classes, 16 pictures\n\nclass  pictures\ncat           8\ndog           8\n")
    assert (
        "Read as: each folder of level 2 is a class, such as 'photo/cat'; the folders around them ('photo', 'sketch') are taken"
        in stdout
    )
    assert "--classes-from 1 (2 classes, 16 pictures (photo 8, sketch 8)); --classes-from 1+2 (4 classes" in stdout
    status, stdout, _ = main(capsys, home, "ingest", pets, "--classes-from", "1", "--rename", "photo=picture")
    assert status == 0 and "Changed: 'photo' renamed 'picture'." in stdout
    status, stdout, _ = main(capsys, home, "datasets", "--derive", "pets", "--name", "few", "--at-most", "4", "--json")
    document = json.loads(stdout)
    assert (status, document["classes"], document["derived_from"]) == (0, ["picture", "sketch"], "pets")
    assert document["train"] + document["validation"] + document["test"] == 8


def test_a_refusal_says_which_option_goes_on(capsys, home, tmp_path):
    small = shots(tmp_path / "a.zip", "cat", "dog", "owl", each=2)
    status, _, stderr = main(capsys, home, "ingest", small)
    assert (
        status == 2 and "'cat' (2), 'dog' (2), 'owl' (2)" in stderr and "`--at-least 3` goes on without them." in stderr
    )
    status, _, stderr = main(capsys, home, "ingest", shots(tmp_path / "b.zip", "images", "docs"))
    assert status == 2 and "Say where the classes are with --classes-from" in stderr


def test_what_belongs_together_is_said_at_ingest(capsys, home, tmp_path):
    archive = tmp_path / "pets.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(40):
            picture = BytesIO()
            Image.new("RGB", (40, 40), (number * 6, 10, 200 - number)).save(picture, "PNG")
            file.writestr(f"{('cat', 'dog')[number % 2]}/{number // 4}-{number}.png", picture.getvalue())
    (tmp_path / "who.csv").write_text("file,pet\n" + "".join(f"{n // 4}-{n},{n // 4}\n" for n in range(40)))
    status, stdout, _ = main(capsys, home, "ingest", str(archive), "--name", "a", "--group", r"^(\d+)-")
    assert status == 0 and "40 pictures belong together in 10 groups (by a pattern in the file name" in stdout
    status, stdout, _ = main(capsys, home, "ingest", str(archive), "--name", "b", "--group", "who.csv:pet", "--json")
    document = json.loads(stdout)
    assert (document["groups"], document["grouped"], document["grouped_by"]) == (10, 40, "table")
    assert document["splits"] == "drawn"
    status, stdout, stderr = main(capsys, home, "ingest", str(archive), "--name", "c", "--group", "(")
    assert (status, stdout) == (2, "") and stderr.startswith("The pattern '(' is not a regular expression")


@pytest.mark.parametrize(
    ("file_name", "name"), [("a/My Pets (2).ZIP", "my-pets-2"), ("ü.zip", "ü"), ("x" * 90 + ".zip", "x" * 40)]
)
def test_a_data_set_is_named_after_its_file(file_name, name):
    assert datasets.name_of(Path(file_name)) == name
