"""Downloading through torchvision, tried with small archives of the right shape from a server on this machine.

torch is imported in one process for all cases (`report`); one more case goes the whole way from `prepare`.
"""

import hashlib
import http.server
import io
import json
import os
import pickle
import subprocess
import sys
import tarfile
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from crafted import picture
from PIL import Image
from scipy.io import savemat

from tl.datasets import BUILT_IN, describe, download, prepare
from tl.datasets.torchvision_sets import DOWNLOADABLE

ROOT = Path(__file__).resolve().parents[2]
CIFAR_PARTS = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch", "batches.meta"]
FLOWERS = 8  # pictures in the small Flowers-102, of two classes

# Points torchvision at the small archives, then does what `python -m tl.train.fetch` does.
PATCH = """
import json, os, sys
from torchvision.datasets import CIFAR10, Flowers102
from tl.train import fetch
patch = json.loads(os.environ["PATCH"])
CIFAR10.url, CIFAR10.tgz_md5 = patch["url"] + "/cifar-10-python.tar.gz", patch["md5"]["cifar-10-python.tar.gz"]
CIFAR10.train_list = [[f"data_batch_{n}", patch["md5"][f"data_batch_{n}"]] for n in range(1, 6)]
CIFAR10.test_list = [["test_batch", patch["md5"]["test_batch"]]]
CIFAR10.meta = CIFAR10.meta | {"md5": patch["md5"]["batches.meta"]}
Flowers102._download_url_prefix = patch["url"] + "/"
Flowers102._file_dict = {key: (name, patch["md5"][name]) for key, (name, _) in Flowers102._file_dict.items()}
"""
CASES = """
from pathlib import Path
fetch.SILENCE_SECONDS = 3
answers = {}
for case, about in patch["cases"].items():
    CIFAR10.url = about.get("url", patch["url"]) + "/" + about.get("path", "cifar-10-python.tar.gz")
    Flowers102._download_url_prefix = patch["url"] + "/"
    os.chdir(about.get("folder", patch["empty"]))
    try:
        fetch.fetch(about["name"], Path(about["packed"]), Path(about["root"]))
        answers[case] = "done"
    except fetch.NotDownloaded as problem:
        answers[case] = str(problem)
print(json.dumps(answers | {"sources": sorted(fetch.sources())}))
"""


def tar_of(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return data.getvalue()


@pytest.fixture(scope="module")
def served() -> dict[str, bytes]:
    """Files of a tiny CIFAR-10 (4 pictures of each class a batch) and a tiny Flowers-102, by name."""
    random = np.random.default_rng(0)
    parts = {}
    for name in CIFAR_PARTS[:-1]:
        data = random.integers(0, 256, (40, 3072), np.uint8)
        parts[name] = pickle.dumps({"data": data, "labels": [number % 10 for number in range(40)]})
    parts["batches.meta"] = pickle.dumps({"label_names": list(BUILT_IN["cifar10"].classes)})
    flowers = {f"jpg/image_{number:05d}.jpg": picture(number, (50, 40), "JPEG") for number in range(1, FLOWERS + 1)}
    labels, setid = io.BytesIO(), io.BytesIO()
    savemat(labels, {"labels": np.array([1, 2] * (FLOWERS // 2))})
    savemat(setid, {"trnid": [1, 2, 3, 4], "valid": [5, 6], "tstid": [7, 8]})
    return parts | {
        "cifar-10-python.tar.gz": tar_of({f"cifar-10-batches-py/{name}": data for name, data in parts.items()}),
        "102flowers.tgz": tar_of(flowers),
        "imagelabels.mat": labels.getvalue(),
        "setid.mat": setid.getvalue(),
    }


@pytest.fixture(scope="module")
def server(served):
    """The address of a server: /NAME gives the file, /cut/NAME half of it, /wrong/NAME another, /silent/NAME nothing."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.do_GET()

        def do_GET(self):
            *how, name = self.path.strip("/").split("/")
            if name not in served or "silent" in how:
                stop.wait(30 if how else 0)
                self.send_error(404)
                return
            data = served[name]
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data[: len(data) // 2] if "cut" in how else data[::-1] if "wrong" in how else data)

        def log_message(self, *_):
            pass

    stop = threading.Event()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        stop.set()
        listening.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def patch(served, server, tmp_path_factory) -> dict:
    md5 = {name: hashlib.md5(data).hexdigest() for name, data in served.items()}
    return {"url": server, "md5": md5, "empty": str(tmp_path_factory.mktemp("empty"))}


@pytest.fixture(scope="module")
def report(patch, served, tmp_path_factory) -> dict:
    """What each case said, and under "files" what it left."""
    folder = tmp_path_factory.mktemp("fetch")
    (folder / "mine" / "data").mkdir(parents=True)
    (folder / "mine" / "data" / "cifar-10-python.tar.gz").write_bytes(served["cifar-10-python.tar.gz"])
    half = folder / "interrupted" / "flowers-102" / "jpg"
    half.mkdir(parents=True)
    (half / "image_00001.jpg").write_bytes(b"")
    nowhere = {"url": "http://127.0.0.1:9"}
    cases = {
        "cifar10": {"name": "cifar10"},
        "again offline": {"name": "cifar10", "root": str(folder / "cifar10"), **nowhere},
        "flowers102": {"name": "flowers102"},
        "interrupted": {"name": "flowers102"},
        "mine": {"name": "cifar10", "folder": str(folder / "mine"), **nowhere},
        "offline": {"name": "cifar10", **nowhere},
        "no such host": {"name": "cifar10", "url": "http://tl-lab.invalid"},
        "404": {"name": "cifar10", "path": "elsewhere"},
        "cut": {"name": "cifar10", "path": "cut/cifar-10-python.tar.gz"},
        "wrong": {"name": "cifar10", "path": "wrong/cifar-10-python.tar.gz"},
        "silent": {"name": "cifar10", "path": "silent/cifar-10-python.tar.gz"},
    }
    for case, about in cases.items():
        about.setdefault("root", str(folder / case))
        about["packed"] = str(folder / f"{case}.zip")
    environment = os.environ | {"PATCH": json.dumps(patch | {"cases": cases}), "PYTHONPATH": str(ROOT)}
    environment |= {"HOME": str(folder / "nobody"), "TORCH_HOME": str(folder / "nothing")}
    ended = subprocess.run([sys.executable, "-c", PATCH + CASES], env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout) | {"folder": folder, "stderr": ended.stderr}


def test_every_set_of_torchvision_s_can_be_fetched(report):
    assert set(report["sources"]) == set(DOWNLOADABLE), "in sources() of tl/train/fetch.py"


def test_cifar10_becomes_class_folders_with_its_official_test_set(report, served):
    assert report["cifar10"] == "done"
    with zipfile.ZipFile(report["folder"] / "cifar10.zip") as archive:
        names = archive.namelist()
        assert len([name for name in names if name.startswith("train/")]) == 200
        assert len([name for name in names if name.startswith("test/")]) == 40
        assert {name.split("/")[1] for name in names} == set(BUILT_IN["cifar10"].classes)
        first = archive.read("train/airplane/00000.png")
    pixels = np.asarray(Image.open(io.BytesIO(first)))
    expected = pickle.loads(served["data_batch_1"])["data"][0].reshape(3, 32, 32).transpose(1, 2, 0)
    assert (pixels == expected).all()


def test_flowers102_keeps_its_three_splits_and_its_files(report, served):
    assert report["flowers102"] == "done"
    with zipfile.ZipFile(report["folder"] / "flowers102.zip") as archive:
        splits = [name.split("/")[0] for name in archive.namelist()]
        assert (splits.count("train"), splits.count("val"), splits.count("test")) == (4, 2, 2)
        assert archive.read("train/pink primrose/image_00001.jpg") == picture(1, (50, 40), "JPEG")


def test_an_interrupted_unpacking_is_done_again(report):
    assert report["interrupted"] == "done"


@pytest.mark.parametrize("case", ["again offline", "mine"])
def test_files_that_are_there_are_not_downloaded(report, case):
    assert report[case] == "done"


FAILURES = {
    "offline": "no network; connect",
    "no such host": "no network; connect",
    "404": "the server answered 404 Not Found; try again later",
    "cut": "the file arrived damaged or cut off; try again",
    "wrong": "the file arrived damaged or cut off; try again",
    "silent": "the server does not answer; try again later",
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failed_download_is_one_sentence_that_says_what_to_do(report, case):
    place = report["folder"] / case
    what = f"CIFAR-10 could not be downloaded: {FAILURES[case]}, or put cifar-10-python.tar.gz into {place}."
    assert report[case] == what
    assert not (report["folder"] / f"{case}.zip").exists()
    assert not (report["folder"] / f"{case}.zip.part").exists()


def test_bars_tell_how_far_it_is(report):
    assert download.PERCENT.search(report["stderr"])


def test_prepare_downloads_once_and_ingests(home, patch, tmp_path, monkeypatch):
    """The whole way, with the real subprocess."""
    monkeypatch.setattr(download, "COMMAND", ["-c", f"{PATCH}\nsys.exit(fetch.main())"])
    monkeypatch.setenv("PATCH", json.dumps(patch))
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    before = describe(home, "cifar10")
    assert (before.ready, before.train, before.test) == (False, 47_500, 10_000)
    seen = []
    store = prepare(home, "cifar10", 64, 100, lambda *about: seen.append(about))
    after = describe(home, "cifar10")
    assert (after.ready, after.origin, after.title, after.native_resolution) == (True, "torchvision", "CIFAR-10", 32)
    assert (after.train, after.validation, after.test) == (170, 30, 40)
    assert after.classes == before.classes
    assert store.ready == 240
    assert store.resolution == 32
    assert any(what == "downloading CIFAR-10" for _, _, what in seen)
    assert seen[-1][2] == "decoding pictures"
    monkeypatch.setenv("PATCH", "gone")
    prepare(home, "cifar10", 64)
    assert [path.name for path in home.datasets_dir.iterdir()] == ["cifar10"]
