"""What a node keeps of homes that it does not see: whole, as it was sent, no more than it may."""

import hashlib
import os

import pytest

from tl.config import Refused
from tl.jobs.launchers import parcels
from tl.jobs.launchers.node_cache import NodeCache, PieceDamaged
from tl.jobs.launchers.parcels import Item, Parcel
from tl.store.files import used_bytes

MEGABYTE = 10**6


def parcel(name: str, size: int = 1000, place: str = "datasets/flowers") -> tuple[Parcel, bytes]:
    data = name.encode() * size
    return Parcel(place=place, items=(Item(f"below/{name}", len(data), hashlib.sha256(data).hexdigest()),)), data


def bring(cache: NodeCache, one: Parcel, data: bytes) -> None:
    assert cache.begin(one)
    for offset in range(0, len(data), 400):
        cache.write(one.digest, one.items[0].path, offset, data[offset : offset + 400])
    cache.complete(one)


@pytest.fixture
def cache(tmp_path):
    return NodeCache(tmp_path, MEGABYTE)


def test_a_parcel_is_brought_once_and_known_by_its_content_whatever_its_place(cache, tmp_path):
    one, data = parcel("a")
    assert cache.use(one) is None
    bring(cache, one, data)
    folder = cache.use(one)
    assert (folder / "below" / "a").read_bytes() == data
    other, _ = parcel("a", place="visitors/x/datasets/mine")
    assert NodeCache(tmp_path, MEGABYTE).use(other) == folder
    assert not NodeCache(tmp_path, MEGABYTE).begin(one), "it is there"


def test_what_arrives_damaged_is_not_kept(cache, tmp_path):
    one, data = parcel("a")
    with pytest.raises(PieceDamaged):
        bring(cache, one, data[:-1] + b"b")
    assert cache.use(one) is None and used_bytes(tmp_path / "kept") < 30_000
    bring(cache, one, data)
    assert cache.use(one)


def test_what_was_half_written_when_its_process_died_is_brought_anew_and_leaves_nothing(cache, tmp_path):
    one, data = parcel("a")
    assert cache.begin(one)
    cache.write(one.digest, "below/a", 0, data[:400])
    another = NodeCache(tmp_path, MEGABYTE)
    assert another.use(one) is None and not another.begin(one), "the first one brings it"
    cache.close()  # as with its process
    assert another.use(one) is None
    bring(another, one, data)
    assert [path.name for path in (tmp_path / "kept").glob("*") if path.is_dir()] == [one.digest]


def test_what_is_damaged_later_is_noticed_and_brought_again(cache):
    one, data = parcel("a")
    bring(cache, one, data)
    file = cache.use(one) / "below" / "a"
    os.utime(file)
    assert cache.use(one), "touched, and the same"
    file.write_bytes(data[:-1] + b"b")
    assert cache.use(one) is None
    bring(cache, one, data)
    (cache.use(one) / "below" / "a").unlink()
    assert cache.use(one) is None


def test_what_was_not_used_for_longest_makes_room_but_nothing_that_is_in_use(cache, tmp_path):
    first, second, third, fourth = (parcel(name, 300_000) for name in "abcd")
    for one, data in (first, second, third):
        bring(cache, one, data)
        os.utime(tmp_path / "kept" / f"{one.digest}.lock", (1, 1))
    user = NodeCache(tmp_path, MEGABYTE)
    assert user.use(first[0])
    os.utime(tmp_path / "kept" / f"{first[0].digest}.lock", (0, 0))
    bring(cache, *fourth)
    there = [one for one, _ in (first, second, third, fourth) if (tmp_path / "kept" / one.digest).is_dir()]
    assert first[0] in there and fourth[0] in there and len(there) == 3
    assert used_bytes(tmp_path / "kept") < 1.1 * MEGABYTE


def test_what_is_on_its_way_counts_and_what_has_no_room_is_refused(cache, tmp_path):
    (one, _), (other, _), (large, _) = parcel("a", 600_000), parcel("b", 600_000), parcel("c", 2_000_000)
    assert cache.begin(one)
    another = NodeCache(tmp_path, MEGABYTE)
    for refused in (other, large):
        with pytest.raises(Refused, match=r"has no room for datasets/flowers \(.* GB\).*TL_RAY_CACHE_GB"):
            another.begin(refused)
    cache.close()
    assert another.begin(other), "whoever brought the other one is gone, and so is that"


def test_links_of_a_parcel_are_made_and_one_without_files_is_a_folder_to_fill(cache):
    one, data = parcel("a")
    linked = Parcel(place="huggingface/models", items=one.items, links={"snapshots/1/a": "../../below/a"})
    bring(cache, linked, data)
    assert (cache.use(linked) / "snapshots" / "1" / "a").resolve().read_bytes() == data
    empty = Parcel(place="datasets/blossoms", items=())
    assert cache.begin(empty)
    cache.complete(empty)
    assert list(cache.use(empty).iterdir()) == []


@pytest.mark.parametrize("linked", [True, False], ids=["cache with links", "cache without links, as on Windows"])
def test_weights_of_a_hub_s_cache_are_sent_once_with_the_layout_that_its_library_looks_for(cache, tmp_path, linked):
    repository = tmp_path / "models--timm--tiny"
    blob, version = repository / "blobs" / "abc", repository / "snapshots" / "1" / "model.safetensors"
    for path in (blob, version, repository / "refs" / "main"):
        path.parent.mkdir(parents=True, exist_ok=True)
    (repository / "refs" / "main").write_text("1")
    blob.write_bytes(b"weights" * 100)
    if linked:
        version.symlink_to("../../blobs/abc")
    else:
        blob.rename(version)
    parcel = parcels._of_hub(None, version).parcel
    sent = ["refs/main", "blobs/abc" if linked else "snapshots/1/model.safetensors"]
    assert [item.path for item in parcel.items] == sent
    assert parcel.links == ({"snapshots/1/model.safetensors": "../../blobs/abc"} if linked else {})
    assert cache.begin(parcel)
    for item in parcel.items:
        cache.write(parcel.digest, item.path, 0, (repository / item.path).read_bytes())
    cache.complete(parcel)
    assert (cache.use(parcel) / "snapshots" / "1" / "model.safetensors").read_bytes() == b"weights" * 100
