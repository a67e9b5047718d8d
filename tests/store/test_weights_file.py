"""Weights from strangers: what is no safetensors, lies about its sizes or holds no numbers is refused in one sentence."""

import ast
import json
import pickle
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tl.config import Refused
from tl.sources.cards import BUNDLED_DIR
from tl.store import weights_file
from tl.store.weights_file import check_published, opened, read_header

ROOT = Path(__file__).parents[2]


def check(path: Path) -> dict:
    with opened(path) as file:
        return weights_file.check(file)


def described(dtype: str, shape: list, start: int, stop: int) -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def safetensors(header: dict | bytes, data: bytes = b"", announced: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if announced is None else announced) + text + data


ONE = described("F32", [2], 0, 8)
NUMBERS = np.array([1, 2], "<f4").tobytes()
GOOD = safetensors({"a": ONE, "__metadata__": {"x": "<script>"}}, NUMBERS)


def floats(dtype: str, *values: float) -> bytes:
    """Two tensors, the second with these values; BF16 is the upper half of 32 bits."""
    kind = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<f4"}[dtype]
    data = np.array(values, kind).tobytes()
    if dtype == "BF16":
        data = b"".join(data[place + 2 : place + 4] for place in range(0, len(data), 4))
    return safetensors({"a": ONE, "b": described(dtype, [len(values)], 8, 8 + len(data))}, NUMBERS + data)


NAN, INF = float("nan"), float("inf")
REFUSED = {
    "nothing": (b"", "absent or empty"),
    "three bytes": (b"abc", "no safetensors file"),
    "pickle": (pickle.dumps({"a": list(range(99))}), "a Python pickle, which runs code"),
    "torch zip": (b"PK\x03\x04" + bytes(100), "a PyTorch or zip file"),
    "keras": (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file"),
    "web page": (b"<!doctype html>" + bytes(100), "a web page"),
    "header beyond the file": (safetensors({"a": ONE}, NUMBERS, announced=10**6), "no safetensors file"),
    "header of exabytes": (safetensors({"a": ONE}, NUMBERS, announced=2**63), "no safetensors file"),
    "header of 2 MB": (safetensors(b"{" + b" " * 2_000_000 + b"}"), "a header of 2,000,002 bytes; at most 1,000,000"),
    "no JSON": (safetensors(b"{nonsense}", NUMBERS), "damaged"),
    "a list": (safetensors(b"[1, 2, 3]", NUMBERS), "no safetensors file"),
    "a name twice": (safetensors(b'{"a": 1, "a": 2}'), "damaged"),
    "NaN in the header": (safetensors(b'{"a": NaN}'), "damaged"),
    "deep nesting": (safetensors(b'{"a":' + b"[" * 100_000), "damaged"),
    "not UTF-8": (safetensors(b'{"\xff": 1}'), "damaged"),
    "6,000 tensors": (
        safetensors({str(number): described("U8", [0], 0, 0) for number in range(6_000)}),
        "6,000 tensors; 1 to 5,000",
    ),
    "no tensors": (safetensors({}), "0 tensors; 1 to 5,000"),
    "an unknown type": (safetensors({"a": ONE | {"dtype": "PY"}}, NUMBERS), "unknown variant `PY`"),
    "a type of several lines": (safetensors({"a": ONE | {"dtype": "a\nb\x1b[2J"}}, NUMBERS), "unknown variant"),
    "a type that is a list": (safetensors({"a": ONE | {"dtype": []}}, NUMBERS), "damaged"),
    "negative size": (safetensors({"a": ONE | {"shape": [-2]}}, NUMBERS), "damaged"),
    "true for a size": (safetensors({"a": ONE | {"shape": [True, 2]}}, NUMBERS), "damaged"),
    "size of 2^60": (safetensors({"a": ONE | {"shape": [2**60]}}, NUMBERS), "damaged"),
    "product of 2^80": (safetensors({"a": ONE | {"shape": [2**40, 2**40]}}, NUMBERS), "damaged"),
    "ten dimensions": (safetensors({"a": ONE | {"shape": [1] * 9 + [2]}}, NUMBERS), "10 dimensions"),
    "more bytes than shape": (safetensors({"a": ONE | {"shape": [1]}}, NUMBERS), "damaged"),
    "a type without weights": (safetensors({"a": described("C64", [1], 0, 8)}, NUMBERS), "type C64 and 1 dimensions"),
    "a control character in a name": (safetensors({"a\n": ONE}, NUMBERS), "not a tensor's name"),
    "overlap": (safetensors({"a": ONE, "b": ONE}, NUMBERS), "damaged"),
    "gap": (safetensors({"a": ONE, "b": described("U8", [1], 9, 10)}, NUMBERS + b"12"), "damaged"),
    "cut off": (GOOD[:-1], "cut off or damaged"),
    "bytes behind": (GOOD + b"PK", "cut off or damaged"),
    **{
        f"{value} as {dtype}": (floats(dtype, 1, value, 2), "'b' holds values that are not finite")
        for dtype in ("F64", "F32", "F16", "BF16")
        for value in (NAN, INF, -INF)
    },
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_good_is_refused_in_one_sentence(tmp_path, case):
    data, says = REFUSED[case]
    (tmp_path / "w.safetensors").write_bytes(data)
    with pytest.raises(Refused) as refusal:
        check(tmp_path / "w.safetensors")
    message = str(refusal.value)
    assert re.search(says, message), message
    assert message.isprintable() and message.endswith(".") and len(message) < 500


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "BF16"])
def test_finite_numbers_of_every_float_type_pass(tmp_path, dtype):
    (tmp_path / "w").write_bytes(floats(dtype, 0, -1.5, 60_000))
    assert check(tmp_path / "w")["b"].shape == (3,)


def test_whole_numbers_may_look_like_nan(tmp_path):
    (tmp_path / "w").write_bytes(safetensors({"a": described("I64", [1], 0, 8)}, b"\xff" * 8))
    assert check(tmp_path / "w")["a"].dtype == "I64"


def test_a_huge_file_is_refused_by_its_size(tmp_path, monkeypatch):
    (tmp_path / "w").write_bytes(GOOD)
    monkeypatch.setattr(weights_file, "FILE_BYTES", 50)
    with pytest.raises(Refused, match="a file of [0-9,]+ bytes; at most 50"):
        check(tmp_path / "w")


def test_the_bundled_weights_pass():
    for path in BUNDLED_DIR.glob("*.safetensors"):
        assert len(check(path)) > 100


@settings(max_examples=300, deadline=None, database=None)
@given(st.data())
def test_damage_anywhere_is_refused_or_harmless(tmp_path_factory, data):
    changed = bytearray(floats("F16", 1, 2, 3))
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    del changed[data.draw(st.integers(1, len(changed))) :]
    path = tmp_path_factory.getbasetemp() / "damaged.safetensors"
    path.write_bytes(changed)
    try:
        with opened(path) as file:
            found = read_header(file)
    except Refused:
        return
    assert max(tensor.stop for tensor in found.values()) == len(changed)


def test_a_pickle_is_only_read_where_torchvision_published_it(tmp_path):
    path = tmp_path / "resnet18-f37072fd.pth"
    path.write_bytes(pickle.dumps({}))
    for prefix in ("f37072fd", "", "8"):
        with opened(path) as file, pytest.raises(Refused, match="is not the file its publisher names"):
            check_published(file, prefix)


UNSAFE = {"load": {"torch", "pickle", "joblib", "yaml", "marshal", "dill"}, "read_pickle": {"pd", "pandas"}}


def test_no_other_place_reads_what_may_run_code():
    """`torch.load` stands once, behind the check of the published hash; pickle and its like nowhere."""
    found = []
    for path in (ROOT / "tl").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {getattr(node, "module", None)} | {alias.name for alias in node.names}
                assert not names & {"pickle", "joblib", "marshal", "dill", "shelve", "cloudpickle"}, path
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = getattr(node.func.value, "id", "")
                allowed = [word.value for word in node.keywords if word.arg == "allow_pickle"]
                assert all(isinstance(value, ast.Constant) and value.value is False for value in allowed), path
                if owner in UNSAFE.get(node.func.attr, ()):
                    found.append((str(path.relative_to(ROOT)), owner, [word.arg for word in node.keywords]))
    assert [entry[:2] for entry in found] == [("tl/train/weights.py", "torch")]
    assert "weights_only" in found[0][2]
