"""A network as ONNX: pictures in as bytes, probabilities out, in float32 and, by static quantisation, in int8.

onnx, onnxscript and onnxruntime are an optional extra (onnx-requirements.txt), imported where they are needed.
"""

import logging
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from tl.backbones import Input
from tl.train.evaluate import slices

PICTURES, PROBABILITIES = "pictures", "probabilities"  # what goes in and comes out
OPSET = 17
# Layers that int8 makes smaller and faster; what comes between them (normalising, softmax) stays as it is.
QUANTISED = ["Conv", "Gemm", "MatMul", "Add", "GlobalAveragePool", "ReduceMean", "Clip", "Relu", "MaxPool"]
BATCH = 32  # pictures at once where a model's answers are measured
FRACTION_BITS = 14  # of the weights with which torch resizes bytes
Tick = Callable[[int], None]


class EndToEndModel(nn.Module):
    """(N, side, side, 3) uint8, red, green, blue -> (N, C) probabilities: what `tl.train.batches.to_input` does of resizing
    and normalising, the network, and softmax(scores / temperature). `side` is at most the resolution."""

    scale: torch.Tensor  # (1, 3, 1, 1), as the next
    shift: torch.Tensor
    parts: torch.Tensor  # (side, R): what each pixel of a line gives to each of the larger line

    def __init__(self, network: nn.Module, expects: Input, side: int, resolution: int, temperature: float):
        super().__init__()
        self.network, self.side, self.resolution, self.temperature = network, side, resolution, temperature
        scale = [1 / (255 * std) for std in expects.std]
        shift = [-mean / std for mean, std in zip(expects.mean, expects.std, strict=True)]
        self.register_buffer("scale", torch.tensor(scale).view(1, 3, 1, 1))
        self.register_buffer("shift", torch.tensor(shift).view(1, 3, 1, 1))
        self.register_buffer("parts", torch.from_numpy(_parts(side, resolution)))
        self.eval()  # torch's exporter puts back the mode it found, in the network, too

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """The probabilities."""
        batch = pictures.permute(0, 3, 1, 2).float()
        if self.side != self.resolution:
            batch = _to_bytes(torch.einsum("nchw,wr->nchr", batch, self.parts))
            batch = _to_bytes(torch.einsum("nchw,hr->ncrw", batch, self.parts))
        scores: torch.Tensor = self.network(batch * self.scale + self.shift)
        return (scores / self.temperature).softmax(1)


def _parts(side: int, resolution: int) -> np.ndarray:
    """(side, resolution) float32 whole numbers: the weights by which torch enlarges a line of bytes bilinearly on the CPU,
    in 1 / 2**FRACTION_BITS. It enlarges lines first, then columns, and rounds to bytes after each: the same in floats
    differs by 1 in one pixel of five, which moved probabilities by 0.004.

    Source: aten/src/ATen/native/cpu/UpSampleKernelAVXAntialias.h
    """
    found = np.zeros((side, resolution))
    at = (np.arange(resolution) + 0.5) * (side / resolution) - 0.5
    left = np.floor(at).astype(int)
    for pixel, share in ((left, 1 - (at - left)), (left + 1, at - left)):
        np.add.at(found, (pixel.clip(0, side - 1), np.arange(resolution)), share)
    whole: np.ndarray = np.floor(found * 2**FRACTION_BITS + 0.5).astype(np.float32)
    return whole


def _to_bytes(sums: torch.Tensor) -> torch.Tensor:
    """Sums of bytes times such weights, below 2**24 and so exact in float32, rounded half up."""
    return torch.floor((sums + 2 ** (FRACTION_BITS - 1)) / 2**FRACTION_BITS)


@contextmanager
def silenced() -> Iterator[None]:
    """Without what these libraries say to their developers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


def write_onnx(network: EndToEndModel, path: Path, about: Mapping[str, str]) -> None:
    """Write the model with `about` as its metadata.

    The older of torch's two exporters is tried first: it takes a tenth of the time and gives the same numbers.
    """
    import onnx

    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # that operator has no counterpart in ONNX
    example = torch.zeros(2, network.side, network.side, 3, dtype=torch.uint8)
    names: dict[str, Any] = {"input_names": [PICTURES], "output_names": [PROBABILITIES], "opset_version": OPSET}
    free = {PICTURES: {0: "n"}, PROBABILITIES: {0: "n"}}
    try:
        with silenced(), torch.inference_mode(False), torch.no_grad():
            try:
                torch.onnx.export(network, (example,), path, dynamo=False, dynamic_axes=free, **names)
            except Exception:  # operators that only the newer one knows
                shapes = {PICTURES: {0: torch.export.Dim("n")}}
                names["opset_version"] = None
                torch.onnx.export(
                    network, (example,), path, dynamo=True, dynamic_shapes=shapes, external_data=False, **names
                )
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, dict(about))
    onnx.save(model, str(path))


def write_int8(path: Path, out: Path, calibration: np.ndarray) -> None:
    """Quantise the model at `path` statically: ranges are those that (N, side, side, 3) uint8 `calibration` pictures show."""
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = out.with_suffix(".prepared")
    options = {"ActivationSymmetric": False, "WeightSymmetric": True}
    try:
        with silenced():
            quant_pre_process(path, prepared, skip_symbolic_shape=True)
            quantize_static(
                prepared,
                out,
                _Reader(calibration),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=QUANTISED,
                per_channel=True,
                reduce_range=False,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax,
                extra_options=options,
            )
    finally:
        prepared.unlink(missing_ok=True)
    _with_metadata_of(path, out)


def _with_metadata_of(path: Path, out: Path) -> None:
    import onnx

    model, about = onnx.load(str(out)), onnx.load(str(path), load_external_data=False).metadata_props
    onnx.helper.set_model_props(model, {entry.key: entry.value for entry in about})
    onnx.save(model, str(out))


class _Reader:
    """Calibration pictures, a few at a time, as onnxruntime asks for them."""

    def __init__(self, pictures: np.ndarray):
        self._steps = iter([pictures[rows] for rows in slices(len(pictures), BATCH)])

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next batch; None at the end."""
        step = next(self._steps, None)
        return None if step is None else {PICTURES: np.array(step)}


def answers(path: Path, pixels: Any, threads: int, tick: Tick) -> tuple[np.ndarray, float]:
    """What the model at `path` answers on (N, side, side, 3) uint8 `pixels`, (N, C) float32; seconds of computing.

    `tick(pictures done)` is called after each batch; what it takes is not counted.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others compute, too
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    found, seconds = [], 0.0
    for rows in slices(len(pixels), BATCH):
        given = np.array(pixels[rows])
        began = time.perf_counter()
        found.append(session.run([PROBABILITIES], {PICTURES: given})[0])
        seconds += time.perf_counter() - began
        tick(rows.stop)
    return np.concatenate(found), seconds
