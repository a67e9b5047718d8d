"""Confident learning: what it finds where labels were flipped on purpose, and who is believed."""

import numpy as np
import pytest

from tl.analysis.inspection.held_out import doubts
from tl.analysis.inspection.label_issues import HeldOutPredictions, find_label_issues, held_out, thresholds, without
from tl.analysis.inspection.out_of_fold import FOLDS, folds_of, out_of_fold

CLASSES, WIDTH = 4, 8
ALONE = -1


def judged(label, shares, picture=None) -> HeldOutPredictions:
    label = np.asarray(label)
    place = np.arange(len(label)) if picture is None else np.asarray(picture)
    return HeldOutPredictions(picture=place, label=label, probabilities=np.asarray(shares, float))


@pytest.fixture(scope="module")
def flipped():
    """600 features of four classes in clouds that overlap a little; the labels of 5 % of them are flipped."""
    random = np.random.default_rng(4)
    truth = np.arange(600) % CLASSES
    centres = random.normal(size=(CLASSES, WIDTH)) * 1.6
    features = (centres[truth] + random.normal(size=(600, WIDTH))).astype(np.float32)
    wrong = random.permutation(600)[:30]
    labels = truth.copy()
    labels[wrong] = (truth[wrong] + random.integers(1, CLASSES, 30)) % CLASSES
    return features, labels, truth


def test_flipped_labels_are_found_with_the_class_they_had(flipped):
    features, labels, truth = flipped
    shares = out_of_fold(features, labels, np.full(600, ALONE), CLASSES)
    found = find_label_issues(judged(labels, shares)).suspects
    hits = [labels[one.picture] != truth[one.picture] for one in found]
    precision, recall = np.mean(hits), sum(hits) / 30
    assert precision >= 0.7 and recall >= 0.8, (precision, recall)
    assert np.mean(hits[:15]) >= 0.9, "what is most suspicious is wrong"
    assert np.mean([one.looks_like == truth[one.picture] for one, hit in zip(found, hits) if hit]) >= 0.9
    assert [one.own for one in found] == sorted(one.own for one in found)


def test_the_confident_joint_is_that_of_the_paper():
    shares = [[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.4, 0.6], [0.1, 0.9], [0.55, 0.45]]
    given = judged([0, 0, 0, 1, 1, 1], shares)
    assert thresholds(given) == pytest.approx([0.6, 0.65])
    found = find_label_issues(given)
    # Picture 3 (0.4, 0.6) reaches no threshold, nor does picture 5: they say nothing.
    assert found.joint.tolist() == [[2, 1], [0, 1]]
    (one,) = found.suspects
    assert (one.picture, one.label, one.looks_like, one.own, one.other) == (2, 0, 1, 0.2, 0.8)


def test_a_class_that_nobody_has_is_taken_for_nothing():
    given = judged([0, 0, 1], [[0.5, 0.2, 0.3], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]])
    assert np.isinf(thresholds(given)[2])
    assert all(one.looks_like != 2 for one in find_label_issues(given).suspects)


def test_where_the_label_is_likeliest_nothing_is_suspicious():
    # The first: 0.45 reaches class 1's threshold of 0.35, 0.55 not class 0's of 0.725; its own class is likelier all the same.
    given = judged([0, 0, 1, 1], [[0.55, 0.45], [0.9, 0.1], [0.6, 0.4], [0.7, 0.3]])
    assert find_label_issues(given).joint[0, 1] == 1
    assert 0 not in [one.picture for one in find_label_issues(given).suspects]


def test_parts_are_held_against_their_own_thresholds_and_listed_together():
    timid = judged([0, 0, 1, 1], [[0.6, 0.4], [0.3, 0.7], [0.4, 0.6], [0.4, 0.6]])
    sure = judged([0, 0, 1, 1], [[0.9, 0.1], [0.9, 0.1], [0, 1], [0.99, 0.01]], picture=[4, 5, 6, 7])
    found = find_label_issues(timid, sure)
    assert found.judged == 8 and [one.picture for one in found.suspects] == [7, 1]
    assert find_label_issues().suspects == () and find_label_issues().judged == 0


def test_only_networks_that_did_not_train_on_a_picture_are_asked():
    one = judged([0, 1], [[1, 0], [0.2, 0.8]], picture=[5, 3])
    other = judged([1, 1], [[0.6, 0.4], [0, 1]], picture=[3, 9])
    both = held_out([one, other])
    assert both.picture.tolist() == [3, 5, 9] and both.label.tolist() == [1, 0, 1]
    assert np.allclose(both.probabilities, [[0.4, 0.6], [1, 0], [0, 1]])
    assert held_out([]) is None
    assert held_out([other]).probabilities.tolist() == [[0.6, 0.4], [0, 1]], "one seed says what its network says"
    assert without(both, np.array([5, 9])).picture.tolist() == [3]


def test_whoever_is_right_more_often_judges():
    good = judged([0, 1, 0, 1], [[0.9, 0.1], [0.1, 0.9], [0.8, 0.2], [0.2, 0.8]])
    poor = judged([0, 1, 0, 1], [[0.1, 0.9], [0.1, 0.9], [0.2, 0.8], [0.8, 0.2]])
    rest = judged([0, 1], [[0.9, 0.1], [0.1, 0.9]], picture=[4, 5])

    def probe(of):
        shares = np.concatenate([of.probabilities, rest.probabilities])
        return judged([0, 1, 0, 1, 0, 1], shares)

    assert [(one.arm, one.pictures) for one in doubts({"poor": poor, "good": good}, None).judges] == [("good", 4)]
    assert [(one.arm, one.pictures) for one in doubts({"good": good}, probe(poor)).judges] == [("good", 4), (None, 2)]
    (judge,) = doubts({"poor": poor}, probe(good)).judges
    assert (judge.arm, judge.pictures, judge.right) == (None, 6, 1.0)
    (judge,) = doubts({}, rest).judges
    assert (judge.arm, judge.pictures) == (None, 2)
    assert doubts({}, None).issues.suspects == ()


def test_what_belongs_together_is_judged_by_none_that_has_seen_it():
    random = np.random.default_rng(0)
    labels, groups = random.integers(0, 3, 200), np.full(200, ALONE)
    groups[:60] = np.repeat(np.arange(20), 3)
    fold = folds_of(labels, groups)
    assert all(len(set(fold[groups == group])) == 1 for group in range(20))
    held = np.array([np.bincount(fold[labels == label], minlength=FOLDS) for label in range(3)])
    assert (np.ptp(held, axis=1) <= 6).all(), "folds are even within the classes"
    assert (folds_of(labels, groups) == fold).all()


def test_a_copy_of_a_wrong_picture_does_not_defend_its_label(flipped):
    """Each wrong picture twice, with the same wrong label: were the copies apart, one would vouch for the other."""
    features, labels, truth = flipped
    wrong = np.flatnonzero(labels != truth)
    twice = np.concatenate([np.arange(600), wrong, wrong, wrong])
    groups = np.full(len(twice), ALONE)
    groups[wrong] = np.arange(30)
    groups[600:] = np.tile(np.arange(30), 3)
    shares = out_of_fold(features[twice], labels[twice], groups, CLASSES)
    found = {one.picture for one in find_label_issues(judged(labels[twice], shares)).suspects}
    assert len(found & {*wrong.tolist()}) >= 20


def test_all_in_one_group_is_not_judged():
    with pytest.raises(ValueError, match="belong together"):
        out_of_fold(np.ones((6, 2), np.float32), np.arange(6) % 2, np.zeros(6, np.int64), 2)
