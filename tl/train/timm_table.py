"""`python -m tl.train.timm_table`: generate what is known of timm's networks (tl/timm_networks.json.gz) from timm itself.

Networks are built without values (torch's meta device); nothing is downloaded. `--results` is timm's own table of top-1
accuracies, results/results-imagenet.csv of its repository (columns model and top1, a percentage). It takes about half
an hour on one core, goes on where it was stopped, and is run again whenever requirements.txt names another timm.
"""

import argparse
import csv
import gzip
import json
import re
import sys
import time
import warnings
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import PretrainedCfg, get_arch_pretrained_cfgs
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from tqdm import tqdm

from tl.output import spell_out
from tl.phases import HEAD
from tl.store.files import write_bytes
from tl.timm_networks import FILE, PREFIX, SIDES, WEIGHTS_FILE, backbone_of, names, network
from tl.train.checkpoints.checkpoint import DTYPES
from tl.train.frozen.pieces import WHOLE, Chain
from tl.train.timm_stages import NotOffered, check_order, config_of, heads_of, stages_of
from tl.train.timm_words import FAMILIES, pictures_of

CLASSES = 1000
WRITE_SECONDS = 60.0
MOST_PARAMETERS = 4e8  # a trainer of a larger one needs over 7 GB before it sees a picture
SIZE_FREE = 224  # activations are told at this size
SAFE_FILE = {"open_clip_pytorch_model.bin": "open_clip_model.safetensors"}  # a pickle -> what lies beside it


def facts_of(name: str, accuracies: dict[str, float], inputs: list[list[Any]]) -> dict[str, Any]:
    """What tl.timm_networks has of one network; new kinds of input are added to `inputs`. Raises NotOffered."""
    network = _built(name)
    if (parameters := sum(parameter.numel() for parameter in network.parameters())) > MOST_PARAMETERS:
        raise NotOffered(
            f"it has {parameters / 1e6:,.0f} million parameters, more than {MOST_PARAMETERS / 1e6:,.0f} million"
        )
    heads = heads_of(network, CLASSES)
    stages = stages_of(network, heads)
    if strange := {value.dtype for value in network.state_dict().values()} - set(DTYPES):
        raise NotOffered(f"a checkpoint can't hold its {strange.pop()}")
    side = config_of(network)["input_size"][1]
    sized = False  # whether timm wants to be told the size of the pictures, and can
    with suppress(NotOffered):
        _built(name, img_size=side)
        sized = True
    pictures = torch.empty(2, 3, side, side, device="meta")
    try:
        with check_order(network.train(), stages):
            gflops, activations = _work(network, pictures)
    except NotOffered:
        raise
    except Exception as error:  # whatever a network raises that does not compute on shapes alone
        raise NotOffered("it does not compute on square pictures of one kind") from error
    entries = (_entry(full, config, accuracies, inputs) for full, config in get_arch_pretrained_cfgs(name).items())
    module = type(network).__module__.rsplit(".", 1)[1]
    facts: dict[str, Any] = {
        "family": FAMILIES.get(module, module),
        "stages": stages,
        "head": heads[0],
        "parameters": parameters,
        "gflops": gflops,
        "side": side,
        "activations": round(activations * (SIZE_FREE / side) ** 2 / 1e6, 1),
        "weights": [entry for entry in entries if entry],
    }
    facts |= {"heads": heads[1:]} if heads[1:] else {}
    facts |= {"sized": True} if sized else {}
    facts |= {} if _can_be_cut(network, name, facts, pictures) else {"whole": True}
    return facts | _sizes(name, network, sized)


def _can_be_cut(network: nn.Module, name: str, facts: dict[str, Any], pictures: torch.Tensor) -> bool:
    """Whether the network falls into pieces behind its stages."""
    table = backbone_of(name, facts | {"weights": [], "smallest": 32}, [])
    parts = [*table.stage_names, HEAD]
    try:
        chain = Chain(network.eval(), table)
        cuts = [chain.cut(set(parts[number:])) for number in range(1, len(parts))]
        with torch.no_grad():
            value = pictures
            for piece in chain.pieces(sorted(set(cuts) - {WHOLE})):
                value = piece(value)
                if not isinstance(value, torch.Tensor):
                    return False
    except Exception:  # whatever a network raises
        return False
    return bool(set(cuts) - {WHOLE}) and tuple(value.shape) == (len(pictures), CLASSES)


def _built(name: str, **options: Any) -> nn.Module:
    try:
        with torch.device("meta"):
            network: nn.Module = timm.create_model(name, num_classes=CLASSES, **options)
        return network
    except Exception as error:  # whatever timm raises
        raise NotOffered("timm can't build it for other classes here") from error


_SIZES: dict[str, list[int]] = {}  # of networks that differ in width and depth only, by what their names share
WIDTH = re.compile(
    r"(?<![a-z])(atto|femto|pico|nano|xnano|micro|mini|x*tiny|x*small|little|wee|dwee|medium|mediumd|base|betwixt|large|x*large|huge|giant|gigantic|enormous|so400m|so150m2?|x*s|m|b|l|h|e|g|s|ti)(?=\d*(_|$))"
)


def _sizes(name: str, network: nn.Module, sized: bool) -> dict[str, Any]:
    """Which sizes of picture it can take: `smallest` where it is all from there on, else `sides`, too."""
    cuts = getattr(getattr(network, "patch_embed", None), "proj", None)  # into patches that don't overlap, to be whole
    patch = cuts.stride[0] if isinstance(cuts, nn.Conv2d) and cuts.stride == cuts.kernel_size else 1
    fits = [side for side in SIDES if side % patch == 0]
    kind = f"{WIDTH.sub('', name)} {patch}"
    if not sized:  # layers that take any size fail where the picture is too small
        smallest = next((side for side in fits if _takes(name, network, False, side)), None)
        found = [side for side in fits if smallest is not None and side >= smallest]
        if not _takes(name, network, False, fits[-1]):
            found = [side for side in found if _takes(name, network, False, side)]
    else:
        if kind not in _SIZES:
            _SIZES[kind] = [side for side in fits if _takes(name, network, True, side)]
        found = _SIZES[kind]
    if not found:
        raise NotOffered(f"it takes only larger pictures or others, such as {config_of(network)['input_size'][1]} px")
    whole = found == [side for side in SIDES if side >= found[0]]
    return {"smallest": found[0]} | ({} if whole else {"sides": found})


def _takes(name: str, network: nn.Module, sized: bool, side: int) -> bool:
    try:
        built = _built(name, img_size=side) if sized else network
        with torch.no_grad():
            scores = built.eval()(torch.empty(2, 3, side, side, device="meta"))
    except Exception:  # whatever a network raises that can't
        return False
    return isinstance(scores, torch.Tensor) and tuple(scores.shape) == (2, CLASSES)


def _work(network: nn.Module, pictures: torch.Tensor) -> tuple[float, float]:
    """Multiply-adds of a forward pass, 1e9, and the bytes that a training step keeps for its backward pass, per picture."""
    own = {value.untyped_storage()._cdata for value in (*network.parameters(), *network.buffers())}
    kept: dict[int, torch.UntypedStorage] = {}

    def keep(value: torch.Tensor) -> torch.Tensor:
        storage = value.untyped_storage()
        if storage._cdata not in own:
            kept[storage._cdata] = storage
        return value

    counter = FlopCounterMode(display=False)
    with counter, torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        scores = network(pictures)
    if not isinstance(scores, torch.Tensor) or tuple(scores.shape) != (len(pictures), CLASSES):
        raise NotOffered("it gives something else than a score per class")
    gflops = counter.get_total_flops() / 2 / len(pictures) / 1e9
    return float(f"{gflops:.4g}"), sum(storage.nbytes() for storage in kept.values()) / len(pictures)


def _entry(full: str, config: PretrainedCfg, accuracies: dict[str, float], inputs: list[list[Any]]) -> list[Any] | None:
    """As tl.timm_networks reads it; None where the hub has no safetensors of it."""
    file = SAFE_FILE.get(config.hf_hub_filename or "", config.hf_hub_filename or WEIGHTS_FILE)
    if not config.hf_hub_id or not file.endswith(".safetensors") or len(config.mean) != 3:
        return None
    expects = [list(config.mean), list(config.std), config.input_size[1], config.interpolation]
    if expects not in inputs:
        inputs.append(expects)
    usual = config.hf_hub_id == f"timm/{full}"
    return [
        config.tag or "",
        "" if usual else config.hf_hub_id,
        "" if file == WEIGHTS_FILE else file,
        config.license,
        pictures_of(config.tag or ""),
        accuracies.get(full),
        config.num_classes,
        inputs.index(expects),
    ]


def read_accuracies(path: Path | None) -> dict[str, float]:
    """Network and weights as timm names them -> top-1 on ImageNet-1k, a fraction; without a file, those of the table now."""
    if path is None:
        known = (
            [(name.removeprefix(PREFIX), each) for name in names() for each in network(name).hub]
            if FILE.exists()
            else []
        )
        return {f"{name}.{each.key}": each.accuracy for name, each in known if each.accuracy is not None}
    with open(path, encoding="utf-8", newline="") as file:
        return {row["model"]: round(float(row["top1"]) / 100, 5) for row in csv.DictReader(file)}


def main(argv: list[str]) -> int:
    """Write the table and say what was left out; exit status 0. It goes on where a table of the same timm ends, and what
    is done by then is written once a minute."""
    parser = argparse.ArgumentParser(prog="python -m tl.train.timm_table", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="of timm's networks, made again; default: all that the table lacks")
    parser.add_argument(
        "--results", type=Path, metavar="FILE.csv", help="timm's top-1 accuracies; default: those of the table now"
    )
    parser.add_argument("--output", type=Path, default=FILE)
    options = parser.parse_args(argv)
    accuracies = read_accuracies(options.results)
    table = _begun(options.output)
    networks, left_out = table["networks"], table["left_out"]
    warnings.simplefilter("ignore")  # timm's about its own names
    missing = [name for name in timm.list_models() if name not in networks and name not in left_out]
    written = time.monotonic()
    for name in tqdm(options.names or missing, unit=" networks", mininterval=10):
        left_out.pop(name, None)
        try:
            networks[name] = facts_of(name, accuracies, table["inputs"])
        except NotOffered as reason:
            left_out[name] = str(reason)
        if time.monotonic() - written > WRITE_SECONDS:
            _write(table, options.output)
            written = time.monotonic()
    _write(table, options.output)
    for why, number in Counter(left_out.values()).most_common():
        print(f"{number:5} left out: {why}")
    print(f"{len(networks)} networks, {sum(len(facts['weights']) for facts in networks.values())} weights")
    return 0


def _begun(path: Path) -> dict[str, Any]:
    """The table so far; an empty one where it is of another timm, or there is none."""
    empty: dict[str, Any] = {"timm": timm.__version__, "inputs": [], "networks": {}, "left_out": {}}
    if not path.exists():
        return empty
    found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return found if found["timm"] == timm.__version__ else empty


def _write(table: dict[str, Any], path: Path) -> None:
    ordered = table | {part: dict(sorted(table[part].items())) for part in ("networks", "left_out")}
    write_bytes(path, gzip.compress(json.dumps(ordered, separators=(",", ":")).encode(), mtime=0))


if __name__ == "__main__":
    spell_out()
    sys.exit(main(sys.argv[1:]))
