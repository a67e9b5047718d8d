"""What is kept of looks at pictures, and of answers on shifted ones: whole or not there; of a picture of one's own, nothing."""

import numpy as np

from tl.store import saliency
from tl.store.files import write_json
from tl.store.origin import with_network
from tl.store.saliency import (
    ClassProbability,
    Failed,
    Saliency,
    forget_saliency_of_run,
    hand_over,
    pixels_path,
    read_saliency,
    saliency_path,
    take_pixels,
    write_saliency,
)
from tl.store.shifted import AS_THEY_ARE, SHIFTS, Shifted, read_shifted, write_shifted

RUN, OTHER = "01k8kahp91dncdkg7dfc5q52tb", "01k8kahp9154tpohja63j339f8"
FOUND = Saliency(
    [ClassProbability(1, 0.75), ClassProbability(0, 0.25)], 0.02, [[0.0, 0.5], [0.25, 1.0]], saliency.GRAD_CAM, "stage4"
)


def test_a_look_comes_back_as_it_was_and_damaged_is_none(home):
    write_saliency(home, RUN, "12", FOUND)
    write_saliency(home, RUN, "13", Failed("The file is damaged."))
    assert read_saliency(home, RUN, "12") == FOUND
    assert read_saliency(home, RUN, "13") == Failed("The file is damaged.")
    write_json(saliency_path(home, RUN, "12"), {"answers": [], "seconds": 0.1})
    assert read_saliency(home, RUN, "12") is None and read_saliency(home, OTHER, "12") is None


def test_looks_that_are_too_many_go(home, monkeypatch):
    monkeypatch.setattr(saliency, "MOST_FILES", 2)
    for place in range(4):
        write_saliency(home, RUN, str(place), FOUND)
    assert len(list(home.saliency_dir.iterdir())) == 2
    assert read_saliency(home, RUN, "3") == FOUND


def test_with_a_run_its_looks_go(home):
    write_saliency(home, RUN, "12", FOUND)
    write_saliency(home, OTHER, "12", FOUND)
    forget_saliency_of_run(home, RUN)
    assert read_saliency(home, RUN, "12") is None and read_saliency(home, OTHER, "12") == FOUND


def test_a_picture_of_ones_own_is_gone_from_the_disk_once_it_is_read(home):
    pixels = {32: np.full((32, 32, 3), 7, np.uint8), 48: np.full((48, 48, 3), 9, np.uint8)}
    name = hand_over(home, pixels)
    assert pixels_path(home, name).exists()
    assert {side: of_side.tolist() for side, of_side in take_pixels(home, name).items()} == {
        side: of_side.tolist() for side, of_side in pixels.items()
    }
    assert not list(home.saliency_dir.iterdir())


def test_one_that_nobody_read_goes_with_the_next(home, monkeypatch):
    monkeypatch.setattr(saliency, "ABANDONED_SECONDS", -1.0)
    first = hand_over(home, {32: np.zeros((32, 32, 3), np.uint8)})
    second = hand_over(home, {32: np.ones((32, 32, 3), np.uint8)})
    assert [path.stem for path in home.saliency_dir.iterdir()] == [second] != [first]


def test_a_run_taken_over_has_the_network_of_the_one_that_trained_it(home):
    run, origin = home.run(RUN), home.run(OTHER)
    write_json(run.result, {"origin": OTHER})
    assert with_network(run) is None
    origin.checkpoints.mkdir(parents=True)
    origin.best.write_bytes(b"weights")
    assert with_network(run).folder == origin.folder
    write_json(run.result, {"origin": RUN})
    assert with_network(run) is None, "a circle leads nowhere"
    write_json(run.result, {"origin": "../../elsewhere"})
    assert with_network(run) is None


def shifted() -> Shifted:
    """Three pictures, right about two of them whatever was done."""
    answers = {shift: np.array([0, 1, 1]) for shift in ((AS_THEY_ARE, 0), *SHIFTS)}
    return Shifted(np.array([5, 3, 9]), np.array([0, 1, 0]), np.array([-1, 2, 2]), answers)


def test_answers_on_shifted_pictures_come_back_and_damaged_are_none(home):
    path = home.run(RUN).shifted
    write_shifted(path, shifted())
    found = read_shifted(path)
    assert found.picture.tolist() == [5, 3, 9] and found.group.tolist() == [-1, 2, 2]
    assert found.right("jpeg", 2).tolist() == [True, True, False]
    whole = path.read_bytes()
    for damaged in (whole[:-9], whole[:40] + bytes([whole[40] ^ 255]) + whole[41:], b""):
        path.write_bytes(damaged)
        assert read_shifted(path) is None
    part = shifted()
    part.predicted.popitem()
    write_shifted(path, part)
    assert read_shifted(path) is None, "a shift is missing"
    assert read_shifted(home.run(OTHER).shifted) is None
