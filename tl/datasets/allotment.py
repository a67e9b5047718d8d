"""Clusters of pictures -> splits, so that every class gets about its share of each: whole clusters, class by class."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from tl.config import Refused
from tl.languages import later, say

Places = dict[str, int]  # split -> pictures of a class that it is to get; the last split takes what is left over


class Impossible(Refused):
    """In the order given, some class gets no cluster in some split."""


def allot(
    weights: Mapping[int, Mapping[str, int]], places: Mapping[int, Places], classes: tuple[str, ...]
) -> dict[str, str]:
    """Cluster -> split. `weights`: class -> cluster -> its pictures of that class; clusters go by their names' order.

    A cluster goes into the first split that it fills rather than overfills. Every class ends up in every split; raises
    Impossible, naming the class, where that can't be had.
    """
    split_of: dict[str, str] = {}
    for label in sorted(weights):
        clusters, left = weights[label], dict(places[label])
        for cluster in clusters.keys() & split_of.keys():
            left[split_of[cluster]] -= clusters[cluster]
        last = list(left)[-1]
        for cluster in sorted(clusters.keys() - split_of.keys()):
            weight = clusters[cluster]
            split_of[cluster] = next((split for split, free in left.items() if free > 0 and weight <= 2 * free), last)
            left[split_of[cluster]] -= weight
    _fill_empty(split_of, weights, next(iter(places.values())), classes)
    return split_of


def _fill_empty(
    split_of: dict[str, str],
    weights: Mapping[int, Mapping[str, int]],
    splits: Iterable[str],
    classes: tuple[str, ...],
) -> None:
    """Give each class a cluster in every split where one has none: the smallest that leaves no other place empty."""
    holds: dict[tuple[int, str], int] = defaultdict(int)  # (class, split) -> clusters
    labels_of: dict[str, list[int]] = defaultdict(list)
    for label, clusters in weights.items():
        for cluster in clusters:
            holds[label, split_of[cluster]] += 1
            labels_of[cluster].append(label)
    for label, clusters in weights.items():
        for split in splits:
            if holds[label, split]:
                continue
            free = [
                (weight, cluster)
                for cluster, weight in clusters.items()
                if all(holds[other, split_of[cluster]] > 1 for other in labels_of[cluster])
            ]
            if not free:
                text = later(
                    "The class {name!r} can't be divided: its pictures belong together with those of other classes, so "
                    "that one split would have none of it; add more pictures that belong to no group."
                )
                raise Impossible(say(text, name=classes[label]))
            cluster = min(free)[1]
            for other in labels_of[cluster]:
                holds[other, split_of[cluster]] -= 1
                holds[other, split] += 1
            split_of[cluster] = split
