"""fp32 or bf16: what a few steps say counts, for every arm alike, and depthwise convolutions stay exact on a CPU."""

import pytest
import torch

from tl.store.home import Home
from tl.train.hardware import precision
from tl.train.network import build_network, new_network

CPU = torch.device("cpu")


@pytest.mark.parametrize(("bf16", "winner"), [(150.0, "bf16"), (101.0, "fp32"), (60.0, "fp32")])
def test_the_faster_precision_wins_by_a_margin(tmp_path, monkeypatch, bf16, winner):
    speeds = {"fp32": 100.0, "bf16": bf16}
    monkeypatch.setattr(precision, "_images_per_second", lambda network, kind, *rest: speeds[kind])
    assert precision.choose_precision(Home(tmp_path), lambda: None, "resnet18", 64, 32, CPU) == winner


def test_it_is_measured_once_so_that_all_arms_agree(tmp_path, monkeypatch):
    built = []

    def build():
        built.append(1)
        return new_network("resnet18", 3, 32, CPU)

    answers = {precision.choose_precision(Home(tmp_path), build, "resnet18", 32, 8, CPU) for _ in range(3)}
    assert len(answers) == 1
    assert len(built) == 1


def test_a_gpu_is_tried_with_the_whole_batch_or_with_what_fits(tmp_path, monkeypatch):
    tried = []

    def measured(network, kind, pictures, *rest):
        tried.append((kind, pictures))
        if pictures > 64:
            raise torch.OutOfMemoryError
        return 100.0

    monkeypatch.setattr(precision, "_images_per_second", measured)
    monkeypatch.setattr(precision, "_hardware", lambda device: "a GPU")
    network = torch.nn.Linear(1, 1)
    precision.choose_precision(Home(tmp_path), lambda: network, "resnet50", 224, 256, torch.device("cuda"))
    assert tried == [("fp32", 256), ("fp32", 128), ("fp32", 64), ("bf16", 64)]


def test_depthwise_convolutions_stay_in_fp32_and_nothing_else_changes():
    torch.manual_seed(0)
    plain = build_network("mobilenet_v2", 3, 32).eval()
    torch.manual_seed(0)
    exact = new_network("mobilenet_v2", 3, 32, CPU).eval()
    batch = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(plain(batch), exact(batch))
        seen = {}
        for name, module in exact.named_modules():
            if isinstance(module, torch.nn.Conv2d):
                module.register_forward_hook(lambda m, _, out, name=name: seen.update({name: (m.groups, out.dtype)}))
        with precision.use_precision("bf16", CPU):
            exact(batch)
    assert {dtype for groups, dtype in seen.values() if groups > 1} == {torch.float32}
    assert {dtype for groups, dtype in seen.values() if groups == 1} == {torch.bfloat16}
