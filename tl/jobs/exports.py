"""A finished run's network made ready for elsewhere, or asked about pictures: by a process that knows torch.

`make` waits for it; `ask` starts `python -m tl.cli.export_model` in the background, which puts the zip into the run's
folder, and `state` says how far that is.
"""

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from tl.config import Refused, refusal
from tl.jobs import background, child_progress
from tl.languages import later, plural, read_sentence, say, store_sentence
from tl.store.documents import Count, of_type
from tl.store.files import read_json, write_json
from tl.store.home import Home
from tl.store.predictions import read_predictions
from tl.store.queue import database
from tl.words import status_name

LOCK = "exporting.lock"  # under which one process exports
working = partial(background.working, name=LOCK)  # whether one does, for whomever
LIBRARIES = ("onnx", "onnxruntime", "onnxscript")
REQUIREMENTS = "tl/train/onnx-requirements.txt"
PREDICT_SECONDS = 24 * 3600.0  # at most: tens of thousands of large photos on a slow machine
BYTES_PER_PARAMETER = 10  # of a zip: the weights twice in float32, once in int8, and some


class State(Struct, frozen=True, kw_only=True):
    """How far a run's export is; `problem` where it failed."""

    what: str = ""
    done: Count = 0
    total: Count = 0
    problem: str = ""


def make(
    home: Home,
    run_id: str,
    folder: Path,
    on_progress: child_progress.OnProgress,
    *,
    onnx: bool = True,
    pictures: bool = True,
) -> dict[str, Any]:
    """Write what torch makes of a model into the empty `folder`; what was measured, and the temperature.

    `pictures`: whether five of the data set are among it. Raises Refused.
    """
    if onnx:
        check_libraries()
    row = database.read_run(home, run_id)
    if row.status != "finished":
        text = later("Run {run} is {status}; only a finished run has a network to give.")
        raise refusal(text, run=run_id, status=status_name(row.status))
    temperature = temperature_of(home, run_id)
    arguments = [str(home.run(run_id).folder), "--output", str(folder), "--temperature", repr(temperature or 1.0)]
    arguments += ["--without-onnx"] * (not onnx) + ["--without-pictures"] * (not pictures)
    child_progress.run_module("tl.train.export", arguments, on_progress)
    found = read_json(folder / "facts.json")
    if not isinstance(found, dict):
        raise refusal("The export did not say what it measured; the disk may be full.")
    (folder / "facts.json").unlink()
    return found | {"temperature": temperature}


def predict(home: Home, run_id: str, folder: Path, output: Path, on_progress: child_progress.OnProgress) -> None:
    """Write what the run's network answers on every picture in `folder`, or on a single file, to the CSV file `output`.

    The probabilities are those of the exported model: with the temperature that fits the validation pictures. Raises
    Refused.
    """
    row = database.read_run(home, run_id)
    if row.status != "finished":
        text = later("Run {run} is {status}; only a finished run has a network to ask.")
        raise refusal(text, run=run_id, status=status_name(row.status))
    if not (folder.is_dir() or folder.is_file()):  # a pipe would be waited for, a device read without end
        raise refusal("There is no folder {folder!r}; give a folder of pictures, or one picture.", folder=str(folder))
    arguments = [str(home.run(run_id).folder), str(folder.absolute()), "--output", str(output.absolute())]
    arguments += ["--temperature", repr(temperature_of(home, run_id) or 1.0)]
    child_progress.run_module("tl.train.predict", arguments, on_progress, PREDICT_SECONDS)


def temperature_of(home: Home, run_id: str) -> float | None:
    """By which a run's scores are divided before they become probabilities: as fits what it answered on the validation
    pictures. None: by 1, since those don't say it, or there are none."""
    from tl.analysis.inspection.calibration import fitted_temperature

    found = read_predictions(home.run(run_id).predictions, "validation")
    return None if found is None else fitted_temperature(found)


def check_libraries() -> None:
    """Raise Refused, with the command that adds them, where the libraries for ONNX are not installed."""
    if missing := [name for name in LIBRARIES if find_spec(name) is None]:
        raise Refused(
            plural(
                "An ONNX model needs {missing}, which is not installed: python -m pip install -r {file} (or export without: "
                "--without-onnx).",
                "An ONNX model needs {missing}, which are not installed: python -m pip install -r {file} (or export without: "
                "--without-onnx).",
                len(missing),
                missing=", ".join(missing),
                file=REQUIREMENTS,
            )
        )


def place(home: Home, run_id: str) -> Path:
    """Where the zip of a run lies once the page has asked for it."""
    return home.run(run_id).export / "model.zip"


def ask(home: Home, run_id: str, parameters: int, pictures: bool) -> bool:
    """Start exporting a run's model in the background; False where another export goes on. Raises Refused.

    `parameters` of the network, whose zip the home must have room for.
    """
    check_libraries()
    home.policy.check_disk(BYTES_PER_PARAMETER * parameters)

    def forget() -> None:
        place(home, run_id).unlink(missing_ok=True)
        write_state(home, run_id, State(what=say("starting")))

    arguments = [run_id, *(["--without-pictures"] if not pictures else [])]
    return background.begin(home, LOCK, "tl.cli.export_model", arguments, first=forget, beside_runs=True)


def write_state(home: Home, run_id: str, state: State) -> None:
    """Write down how far the export in the background is."""
    document = asdict(state) | {"what": store_sentence(state.what), "problem": store_sentence(state.problem)}
    write_json(home.run(run_id).export / "state.json", document, durable=False)


def state(home: Home, run_id: str) -> State | None:
    """How far it is, or was; None where nobody has asked for it."""
    found = of_type(read_json(home.run(run_id).export / "state.json"), State)
    return found and replace(found, what=read_sentence(found.what) or "", problem=read_sentence(found.problem) or "")
