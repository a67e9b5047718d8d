"""How much classes differ in size, in numbers and in words."""

from dataclasses import replace

import pytest

from tl import datasets
from tl.datasets.info import uneven
from tl.store.home import Home


def info_of(tmp_path, *sizes: int):
    """A set of classes of these sizes."""
    found = datasets.describe(Home(tmp_path), "blossoms")
    classes = tuple(f"class {number}" for number in range(len(sizes)))
    return replace(
        found, classes=classes, counts={name: {"train": size} for name, size in zip(classes, sizes, strict=True)}
    )


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((30, 10), None),
        ((31, 10), "The largest class has 3.1 times as many pictures as the smallest"),
        ((90, 40, 10), "The largest class has 9 times as many pictures as the smallest"),
        ((12345, 10), "The largest class has 1,234 times as many pictures as the smallest"),
        ((30, 0), "There are classes without pictures"),
        ((0, 0), None),
    ],
)
def test_a_set_says_how_uneven_it_is(tmp_path, sizes, said):
    info = info_of(tmp_path, *sizes)
    assert uneven(info) == said and info.uneven == (said is not None)


def test_of_sizes_that_are_not_known_nothing_is_said(tmp_path):
    info = replace(info_of(tmp_path, 90, 10), counts={"class 0": {"train": 90}})
    assert (info.largest_to_smallest, info.uneven, uneven(info)) == (None, False, None)
