"""What a run has learned, kept as a starting point: the same features, its history and licence; renamed, deleted, moved."""

import json
import math

import pytest
import torch
from safetensors.torch import load_file

from tests import library_lab, page_lab
from tests.library_lab import BACKBONE, SIDE
from tl.config import ArmConfig, Refused, new_id
from tl.jobs import library, own_weights
from tl.jobs.keep_in_library import keep
from tl.jobs.library_files import bring_in, export
from tl.sources import source
from tl.sources.card import card_of
from tl.store.files import write_json
from tl.store.home import VISITORS, Home
from tl.store.queue import database
from tl.train.network import build_network, load_pretrained
from tl.train.own_weights import look_through


@pytest.fixture(autouse=True)
def looked_through_here(monkeypatch):
    """Files are looked through in this process, which has imported torch already."""
    monkeypatch.setattr(own_weights, "look_through", lambda file, shown, *about: look_through(file, *about))


TUNE = ArmConfig(name="full_finetuning", strategy="full_finetuning")


def features(network: torch.nn.Module) -> torch.Tensor:
    pictures = torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        return network.eval().forward_features(pictures)


def features_of(home: Home, name: str) -> torch.Tensor:
    """Those of another network, for other classes, that starts from the weights of this name."""
    begun = build_network(BACKBONE, 7, SIDE)
    load_pretrained(begun, BACKBONE, source(home, BACKBONE, name).place)
    return features(begun)


def test_what_is_kept_gives_the_features_of_the_run_and_no_head(home):
    found = keep(home, library_lab.finished(home, seed=1), "mine")
    assert features_of(home, "mine").equal(features(library_lab.network(1)))
    assert (found.state, found.key, found.backbone) == ("library", "mine", BACKBONE)
    tensors = load_file(found.place)
    assert not [name for name in tensors if name.startswith("fc.") or name.endswith("num_batches_tracked")]
    card = card_of(found.card)
    assert (card.resolution, card.classes, card.images, card.strategy) == (SIDE, 12, 100, "scratch")
    assert card.parameters == sum(value.numel() for value in tensors.values())
    assert found.input.size == SIDE and found.accuracy == pytest.approx(0.6)


def test_a_chain_of_tasks_is_told_from_its_beginning_with_the_strictest_licence(home):
    first = keep(home, library_lab.finished(home), "first")
    assert first.licence == "yours"
    second = keep(home, library_lab.finished(home, "full_finetuning", 2, weights="first", samples=60), "second")
    card = card_of(second.card)
    assert card.started_from.name == "first" and card.started_from.class_names == ()
    told = first.card | {"licence": "cc-by-nc-4.0 (commercial use is forbidden)", "source_data": "birds"}
    write_json(first.place.with_name("card.json"), told)
    third = keep(home, library_lab.finished(home, "lora", 3, weights="first", samples=70), "third")
    assert third.licence.startswith("cc-by-nc-4.0") and card_of(third.card).licence_of == "first"
    fourth = keep(home, library_lab.finished(home, "full_finetuning", 4, weights="third", samples=80), "fourth")
    assert fourth.licence == third.licence and card_of(fourth.card).licence_of == "first"
    assert library.history(fourth)[0].data == "birds"


def test_its_accuracy_has_the_interval_of_its_answers(home):
    run_id = library_lab.finished(home)
    page_lab.answer(home, database.read_run(home, run_id), [0, 1, 2] * 10, [0, 1, 1] * 10)
    low, high = card_of(keep(home, run_id, "mine").card).interval
    assert 0.45 < low < 2 / 3 < high < 0.85


@pytest.mark.parametrize("strategy", ["linear_probe", "nearest_mean"])
def test_an_unchanged_backbone_is_refused(home, strategy):
    keep(home, library_lab.finished(home), "mine")
    with pytest.raises(Refused, match="backbone is unchanged.*start from the weights 'mine' themselves"):
        keep(home, library_lab.finished(home, strategy, weights="mine"), "again")


def test_a_best_epoch_before_anything_but_the_head_trained_is_refused(home):
    keep(home, library_lab.finished(home), "mine")
    run_id = library_lab.finished(home, "freeze_then_unfreeze", weights="mine")
    written = json.loads(home.run(run_id).result.read_text())
    write_json(home.run(run_id).result, written | {"best_epoch": 2, "phase_starts": [1, 3]})
    with pytest.raises(Refused, match="backbone is unchanged"):
        keep(home, run_id, "again")
    write_json(home.run(run_id).result, written | {"best_epoch": 3, "phase_starts": [1, 3]})
    assert keep(home, run_id, "again").key == "again"


def flip(path) -> None:
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda run: run.best.unlink(), "is not here any more"),
        (lambda run: flip(run.best), "is damaged"),
        (lambda run: write_json(run.imported, {}), "trained on another machine"),
        (lambda run: run.config.write_text("{"), "are damaged"),
    ],
)
def test_what_can_not_be_kept_is_said_in_one_sentence(home, spoil, told):
    run_id = library_lab.finished(home)
    spoil(home.run(run_id))
    with pytest.raises(Refused, match=told):
        keep(home, run_id, "mine")
    assert not list(home.library_dir.glob("*"))


def test_a_name_must_be_one_and_free(home):
    run_id = library_lab.finished(home)
    keep(home, run_id, "taken")
    for name in ("", "Große", "../x", "imagenet", "auto", "taken", "a" * 41):
        with pytest.raises(Refused, match="choose another name|can't be a name"):
            keep(home, run_id, name)


def test_a_run_that_has_not_finished_is_refused(home):
    [row] = page_lab.rows(home, page_lab.submit(home, arms=(ArmConfig(name="scratch", strategy="scratch"),)))
    with pytest.raises(Refused, match="is queued; only a finished run"):
        keep(home, row.run_id, "mine")


def test_weights_in_use_stay_and_those_that_were_used_give_their_name_to_no_others(home):
    run_id = library_lab.finished(home)
    keep(home, run_id, "mine")
    [row] = page_lab.rows(home, page_lab.submit(home, arms=(TUNE,), backbone=BACKBONE, resolution=SIDE, weights="mine"))
    for verb, act in (("deleted", library.delete), ("renamed", lambda *about: library.rename(*about, "other"))):
        with pytest.raises(Refused, match=f"is queued; they can't be {verb}"):
            act(home, "mine")
    page_lab.end(home, row, "stopped", epochs=1)
    with pytest.raises(Refused, match=r"can be resumed \(stopped\)"):
        library.delete(home, "mine")
    [entry] = library.entries(home)
    assert entry.used_by == (row.experiment_id,)
    database.requeue(home, page_lab.rows(home, row.experiment_id), lambda connection: None)
    page_lab.end(home, page_lab.rows(home, row.experiment_id)[0], "finished")
    (home.library_dir / "other").mkdir()
    (home.library_dir / "other" / "weights.safetensors").write_bytes(b"left behind by who was killed")
    library.rename(home, "mine", "other")
    assert [entry.source.key for entry in library.entries(home)] == ["other"]
    with pytest.raises(Refused, match="Runs here began from other weights that were called 'mine'"):
        keep(home, run_id, "mine")
    library.delete(home, "other")
    assert not library.entries(home) and not list(home.library_dir.glob("*"))
    with pytest.raises(Refused, match="it is empty"):
        library.delete(home, "other")


def test_an_exported_file_is_the_same_starting_point_on_another_machine(home, tmp_path):
    keep(home, library_lab.finished(home, seed=1), "mine")
    assert export(home, "mine", tmp_path / "mine.safetensors") == (tmp_path / "mine.safetensors").stat().st_size
    there = Home(tmp_path / "there")
    found = bring_in(there, tmp_path / "mine.safetensors", "from-afar")
    assert features_of(there, "from-afar").equal(features_of(home, "mine"))
    ours, theirs = (library.history(source(at, BACKBONE, key)) for at, key in ((home, "mine"), (there, "from-afar")))
    assert [step.words() for step in theirs] == [step.words() for step in ours]
    flip(tmp_path / "mine.safetensors")  # one bit, on the way there
    with pytest.raises(Refused, match="mine.safetensors was damaged on its way here"):
        bring_in(there, tmp_path / "mine.safetensors", "damaged")
    assert card_of(found.card).run_id == "" and found.sha256 == source(home, BACKBONE, "mine").sha256


def nested(depth: int) -> str:
    return '{"backbone":"x","started_from":' * depth + "null" + "}" * depth


CARD = library_lab.card
HOSTILE = {
    "no card": (None, "has no TL Lab model card in it"),
    "no JSON": ("{", "it is damaged"),
    "a list": ([1], "a part of it is invalid"),
    "nested": (nested(9_000), "it is damaged|is invalid"),
    "huge": ("[" + "1," * 200_000 + "1]", "at most 300,000"),
    "another type": (CARD(classes="many"), "classes is invalid"),
    "accuracy of 3": (CARD(accuracy=3), "accuracy is invalid"),
    "a division by nothing": (CARD(input=CARD()["input"] | {"std": [0, 1, 1]}), "input.std.* is invalid"),
    "no input": (CARD(input=None), "doesn't say what its network expects"),
    "a huge picture": (CARD(input=CARD()["input"] | {"size": 10**9}), "doesn't say what its network expects"),
    "unknown network": (CARD(backbone="lenet"), "backbone is 'lenet'"),
    "a path for a name": (CARD(name="../../evil"), "can't be a name"),
    "another source's name": (CARD(name="imagenet"), "can't be a name|already"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_refused_in_one_sentence_and_leaves_nothing(home, tmp_path, case):
    about, told = HOSTILE[case]
    file = library_lab.exported(tmp_path / "w.safetensors", about)
    with pytest.raises(Refused, match=told) as refusal:
        bring_in(home, file, shown="The file")
    assert "\n" not in str(refusal.value) and str(tmp_path) not in str(refusal.value)
    assert not list(home.library_dir.glob("*"))


def test_a_process_of_its_own_finds_what_is_missing(home, tmp_path, monkeypatch):
    monkeypatch.undo()
    file = library_lab.exported(tmp_path / "w.safetensors", CARD(backbone="resnet18"))
    with pytest.raises(Refused, match="The file does not fit resnet18: .* missing") as refusal:
        bring_in(home, file, shown="The file")
    assert str(tmp_path) not in str(refusal.value) and not list(home.library_dir.glob("*"))


def test_numbers_that_are_none_and_numbers_beyond_the_network_are_refused(home, tmp_path):
    state = library_lab.network().state_dict()
    nan = state | {"conv1.0.weight": state["conv1.0.weight"] * math.nan}
    with pytest.raises(Refused, match="The file: 'conv1.0.weight' holds values that are not finite"):
        bring_in(home, library_lab.exported(tmp_path / "w.safetensors", CARD(), nan), shown="The file")
    more = state | {"more": torch.zeros(2_000_000)}
    with pytest.raises(Refused, match="many more than timm:test_resnet has"):
        bring_in(home, library_lab.exported(tmp_path / "w.safetensors", CARD(), more), shown="The file")
    (tmp_path / "w.safetensors").write_bytes(b"\x80\x04\x95pickle")
    with pytest.raises(Refused, match="The file is a Python pickle"):
        bring_in(home, tmp_path / "w.safetensors", shown="The file")


def test_what_a_card_says_is_text_and_no_other_entry_of_the_file_is_kept(home, tmp_path):
    told = CARD(source_data="evil\n\u202etxt", command="rm -rf /", run_id="x", unknown={"a": 1})
    found = bring_in(home, library_lab.exported(tmp_path / "w.safetensors", told))
    assert found.source_data == "evil txt"
    assert not {"command", "run_id", "unknown"} & set(found.card)


def test_hosted_weights_count_into_the_visitors_room_and_go_with_it(home, tmp_path, monkeypatch):
    file = library_lab.exported(tmp_path / "w.safetensors", CARD(backbone="mobilenet_v2"), {"a": torch.zeros(900_000)})
    visitor = Home(home.path / VISITORS / new_id())
    monkeypatch.setenv("TL_HOSTED", "1")
    monkeypatch.setattr("tl.hosted.demo.used_bytes", lambda folder: 1_999_000_000)
    with pytest.raises(Refused, match="keeps at most 2,000 MB per visitor"):
        bring_in(visitor, file)
    assert visitor.library_dir.is_relative_to(visitor.path), "its workspace is removed as a whole"
    timm = library_lab.exported(tmp_path / "t.safetensors", CARD())
    with pytest.raises(Refused, match="not offered in this demo"):
        bring_in(visitor, timm)
