"""Pictures that are decoded once: what is ready says so, also after the file was cut and the decoding broken off."""

import numpy as np
import pytest

from tl.store.pictures import PictureStore

SIZES = {"test": 2, "validation": 3, "train": 5}


@pytest.fixture
def store(tmp_path):
    return PictureStore(tmp_path, 4, SIZES, ("rose", "tulip"), np.arange(10) % 2)


def decode(rows, out):
    for done, row in enumerate(rows, 1):
        out[row] = row + 1
        yield done


def test_each_split_has_its_own_rows(store):
    store.fill(None, decode)
    for split, rows in {"test": [0, 1], "validation": [2, 3, 4], "train": [5, 6, 7, 8, 9]}.items():
        assert store.pictures_of(split).tolist() == rows
        assert store.pixels(split)[:, 0, 0, 0].tolist() == [row + 1 for row in rows]
        assert store.groups_of(split).tolist() == [-1] * len(rows), "each belongs with no other"
    assert store.groups_of("train", 2).tolist() == [-1, -1]


def test_a_cut_file_is_decoded_anew_also_when_that_is_broken_off(store):
    store.fill(None, decode)
    store.path.write_bytes(store.path.read_bytes()[:100])
    assert store.ready == 0

    def broken(rows, out):
        raise RuntimeError("killed")
        yield 0

    with pytest.raises(RuntimeError, match="killed"):
        store.fill(None, broken)
    assert store.ready == 0, "black pictures are none"
    store.fill(None, decode)
    assert store.pixels("test")[:, 0, 0, 0].tolist() == [1, 2]
