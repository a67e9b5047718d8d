"""Weights of timm's networks from a model hub: a server on this machine stands in for it."""

import hashlib
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from safetensors.torch import save

from tl import jobs
from tl.backbones import BACKBONES
from tl.config import ArmConfig, Experiment, Refused
from tl.sources import available, hub, input_of, networks_here, resolve, source
from tl.store.download import DownloadFailed, WrongHash
from tl.train.network import build_network, load_pretrained
from tl.train.obtain import weights_here

NET = "timm:test_vit"
COMMIT = "c0ffee" * 6 + "c0ff"
NOBODY = "http://127.0.0.1:9"  # nothing listens there
ARMS = (ArmConfig(name="scratch", strategy="scratch"), ArmConfig(name="linear_probe", strategy="linear_probe"))


class Hub(BaseHTTPRequestHandler):
    """Answers as the hub does for one file, whatever the repository; `asked` of the server remembers the paths."""

    def log_message(self, *arguments):
        """Quiet."""

    def do_HEAD(self):
        """What the hub's library asks first."""
        self.answer(with_body=False)

    def do_GET(self):
        """The file."""
        self.answer(with_body=True)

    def answer(self, with_body: bool) -> None:
        """Headers as the hub sends them for a large file, and the file."""
        self.server.asked.append((self.command, self.path))
        if not self.path.endswith("/resolve/main/model.safetensors"):
            self.send_error(404)
            return
        self.send_response(200)
        for name, value in {
            "X-Repo-Commit": COMMIT,
            "ETag": f'"{self.server.digest}"',
            "X-Linked-ETag": f'"{self.server.digest}"',
            "X-Linked-Size": len(self.server.body),
            "Content-Length": len(self.server.body),
        }.items():
            self.send_header(name, str(value))
        self.end_headers()
        if with_body:
            self.wfile.write(self.server.body)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache of the hub's library, and no hub but the one that a test starts."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_ENDPOINT", NOBODY)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    for name in ("HF_HUB_CACHE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "hf" / "hub"


@pytest.fixture
def server(monkeypatch):
    """The hub has weights of `test_vit` for pictures of another size than they are wanted for."""
    network = build_network(NET, 1000, 160)
    body = save({name: value.contiguous() for name, value in network.state_dict().items()})
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        server.body, server.digest, server.asked = body, hashlib.sha256(body).hexdigest(), []
        server.state = network.state_dict()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        yield server
        server.shutdown()


def test_weights_come_from_the_hub_with_progress_into_its_own_cache(home, server, cache):
    before = source(home, NET, "auto")
    assert (before.state, before.file, before.key) == ("download", None, BACKBONES[NET].hub[0].key)
    assert before.licence == "apache-2.0"
    told = []
    path = weights_here(home, NET, "auto", lambda *about: told.append(about))
    assert path.read_bytes() == server.body
    assert cache in path.parents and path.resolve().name == server.digest
    assert told[-1][:2] == (len(server.body), len(server.body)) and "downloading timm/test_vit" in told[-1][2]
    after = source(home, NET, "auto")
    assert (after.state, after.file, after.sha256, after.size_bytes) == (
        "cached",
        path,
        server.digest,
        len(server.body),
    )
    assert NET in networks_here(home)
    asked = len(server.asked)
    assert weights_here(home, NET, "auto", lambda *_: None) == path
    assert len(server.asked) == asked, "what is there is not asked for"


def test_they_are_made_to_fit_the_size_of_the_pictures(home, server):
    path = weights_here(home, NET, "auto", lambda *_: None)
    network = build_network(NET, 3, 64)
    assert network.pos_embed.shape[1] < server.state["pos_embed"].shape[1]
    load_pretrained(network, NET, path)
    own = network.state_dict()
    assert own["blocks.0.attn.qkv.weight"].equal(server.state["blocks.0.attn.qkv.weight"])
    assert not own["pos_embed"].equal(build_network(NET, 3, 64).state_dict()["pos_embed"])


def test_a_file_that_is_not_what_the_hub_names_is_removed(home, server, cache):
    server.digest = "0" * 64
    with pytest.raises(WrongHash, match="is not the file that the hub names"):
        weights_here(home, NET, "auto", lambda *_: None)
    assert source(home, NET, "auto").state == "download"
    assert not list(cache.rglob("0" * 64))


def test_a_stop_ends_a_download(home, server):
    class Stopped(BaseException):
        pass

    def stop(*_):
        raise Stopped

    with pytest.raises(Stopped):
        weights_here(home, NET, "auto", stop)
    assert source(home, NET, "auto").state == "download"


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("HF_ENDPOINT", NOBODY, "could not be downloaded .* check the internet connection, or use a file of your own"),
        ("HF_HUB_OFFLINE", "1", "HF_HUB_OFFLINE forbids downloads"),
    ],
)
def test_without_the_hub_nothing_is_queued_and_one_sentence_says_why(home, monkeypatch, variable, value, told):
    monkeypatch.setenv(variable, value)
    experiment = Experiment(dataset="blossoms", samples=50, backbone=NET, arms=ARMS)
    with pytest.raises(Refused, match=told) as refusal:
        jobs.submit(home, experiment)
    assert "\n" not in str(refusal.value)
    assert not jobs.list_runs(home)
    assert not list(home.runs_dir.glob("*"))
    assert jobs.submit(home, Experiment(dataset="blossoms", samples=50, backbone=NET, arms=ARMS[:1]))


def test_weights_of_torchvisions_are_asked_for_before_anything_is_queued_too(home, monkeypatch):
    table = BACKBONES["resnet18"]
    elsewhere = replace(table.imagenet, url=f"{NOBODY}/resnet18-f37072fd.pth")
    monkeypatch.setitem(BACKBONES, "resnet18", replace(table, imagenet=elsewhere))
    with pytest.raises(
        DownloadFailed, match="check the internet connection, or put the file at .*resnet18-f37072fd.pth"
    ):
        jobs.submit(home, Experiment(dataset="blossoms", samples=50, backbone="resnet18", arms=ARMS))
    assert not jobs.list_runs(home)


def test_what_is_there_needs_no_hub(home, server, monkeypatch):
    weights_here(home, NET, "auto", lambda *_: None)
    monkeypatch.setenv("HF_ENDPOINT", NOBODY)
    hub.check(source(home, NET, "auto"))
    assert jobs.submit(home, Experiment(dataset="blossoms", samples=50, backbone=NET, arms=ARMS))


def test_each_of_timms_weights_is_a_source_with_its_input_and_licence(home):
    name = "timm:vit_small_patch16_224"
    found = {entry.key: entry for entry in available(home, name)}
    assert {"augreg_in21k_ft_in1k", "augreg_in1k", "dino"} <= set(found)
    assert resolve(home, name, "auto") == "augreg_in21k_ft_in1k"
    assert input_of(home, name, "auto").mean == (0.5, 0.5, 0.5)
    assert input_of(home, name, "dino").mean == (0.485, 0.456, 0.406)
    assert found["augreg_in21k_ft_in1k"].source_data == "ImageNet-21k, then ImageNet-1k"
    with pytest.raises(
        Refused, match="no pretrained weights 'imagenet' for timm:vit_small_patch16_224; available: auto"
    ):
        resolve(home, name, "imagenet")


def test_the_cache_is_where_the_hubs_library_keeps_it(monkeypatch, tmp_path):
    from tl.sources.timm import cache_folder

    for name in ("HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache/huggingface/hub"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache/huggingface/hub"
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    assert cache_folder() == tmp_path / "hf/hub"
    monkeypatch.setenv("HF_HUB_CACHE", "~/elsewhere")
    assert cache_folder() == tmp_path / "elsewhere"
