"""Both sets in one picture: principal components against a rotation that is known, how mixed the sets are, what is kept."""

import json

import numpy as np
import pytest

from tl.analysis.adaptation.both_sets import both_sets, change, explained, mixed, seen
from tl.analysis.adaptation.projection import plane
from tl.store.both_sets import BothSets, read_both_sets, write_both_sets


def cloud(number: int = 60, wide: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """(places in a plane, the same within `wide` dimensions, turned and moved): the directions are at right angles."""
    rng = np.random.default_rng(3)
    flat = np.linalg.qr(rng.normal(size=(number, 3)) * 1.0)[0]
    flat = np.linalg.qr(flat - flat.mean(0))[0] * [6.0, 2.0, 1.0]
    turned = np.linalg.qr(rng.normal(size=(wide, wide)))[0][:3]
    return flat, flat @ turned + rng.normal(size=wide) * 50


def test_the_plane_is_that_in_which_the_pictures_differ_most():
    flat, features = cloud()
    found = plane(features)
    assert found.explained == pytest.approx((36 / 41, 4 / 41))
    for axis in range(2):
        assert abs(np.corrcoef(found.places[:, axis], flat[:, axis])[0, 1]) == pytest.approx(1, abs=1e-9)
        assert np.linalg.norm(found.places[:, axis]) == pytest.approx((6.0, 2.0)[axis])
    assert (plane(features).places == found.places).all()
    tiny = plane(features * 1e-30 - 3e-30)  # as a network without training may give them
    assert tiny.explained == pytest.approx(found.explained) and np.isfinite(tiny.places).all()


def test_pictures_that_are_all_alike_lie_in_one_place():
    found = plane(np.full((5, 3), 2.0))
    assert (found.places == 0).all() and found.explained == (0.0, 0.0)
    assert plane(np.array([[1.0], [3.0]])).explained == (1.0, 0.0), "one direction is all there is"


def features(apart: float) -> np.ndarray:
    """(80, 6): two sets of 40 pictures whose means lie so far apart."""
    rng = np.random.default_rng(1)
    return np.concatenate([rng.normal(size=(40, 6)), rng.normal(size=(40, 6)) + apart])


def found(before: float, after: float, number: int = 40) -> BothSets:
    both = {"before": features(before)[40 - number : 40 + number], "after": features(after)[40 - number : 40 + number]}
    rows = {"picture": np.arange(2 * number), "label": np.full(2 * number, -1)}
    return both_sets(both | rows | {"of_source": np.int64(number), "random": np.bool_(False)})


def test_whether_the_two_sets_are_more_mixed_than_before():
    assert change(found(5.0, 0.0)) == "After training the two sets are more mixed than before."
    assert change(found(0.0, 5.0)) == "After training the two sets are further apart than before."
    assert "can't be told" in change(found(5.0, 5.0))
    far = found(5.0, 0.0)
    assert mixed(far.before).startswith("Told apart in 100.0 % of cases: proxy A-distance 2.00 (95 % interval 1.8")
    assert far.after.apart.low <= far.after.apart.value <= far.after.apart.high < 1
    shown = round(100 * sum(far.before.explained))
    assert 80 < shown < 100 and explained(far.before) == f"The two axes show {shown} % of the variance."
    few = found(5.0, 0.0, number=10)
    assert change(few) is None and mixed(few.before) == "Too few pictures to say how mixed the two sets are."


def test_both_networks_place_the_same_pictures_and_what_is_kept_is_read_back(tmp_path):
    own, path = found(5.0, 0.0), tmp_path / "both_sets.json"
    write_both_sets(path, own)
    assert read_both_sets(path) == own and path.stat().st_size < 20_000
    exact = plane(features(5.0)).places
    assert np.abs(np.array(own.before.places) - exact).max() < 1e-3 * np.abs(exact).max()
    assert seen(features(5.0), 40) == own.before


@pytest.mark.parametrize(
    "damage", [{"picture": [1]}, {"of_source": 0}, {"of_source": 80}, {"label": [-2] * 80}, {"after": 1}]
)
def test_what_is_not_whole_is_not_there(tmp_path, damage):
    write_both_sets(tmp_path / "one.json", found(5.0, 0.0))
    document = json.loads((tmp_path / "one.json").read_text())
    (tmp_path / "one.json").write_text(json.dumps(document | damage))
    assert read_both_sets(tmp_path / "one.json") is None
    assert read_both_sets(tmp_path / "none.json") is None
