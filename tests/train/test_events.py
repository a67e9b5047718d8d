"""Event files, read back by TensorBoard's own reader."""

import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata as hparams_metadata
from tensorboard.util import tensor_util

from tests.payload_lab import name
from tests.payloads import PAYLOADS
from tl.config import ArmConfig, Experiment
from tl.train.events import SCALARS, write_events
from tl.words import plain

RESULT = {"status": "finished", "message": None, "test_accuracy": 0.7, "best_epoch": 2, "elapsed_seconds": 6.5}


@pytest.fixture
def config():
    """A run of five epochs."""
    arm = ArmConfig(name="probe", strategy="linear_probe", epochs=5)
    return Experiment(dataset="blossoms", arms=(arm,), seeds=(4,)).runs("e" * 26)[0]


def row(epoch: int, **changes) -> dict:
    """An epoch of two seconds; columns that can't be measured are null."""
    values = {"epoch": epoch, "train_loss": 1 / epoch, "val_accuracy": 0.1 * epoch, "elapsed_seconds": 2.0 * epoch}
    return values | {"learning_rate": 1e-3, "energy_joules": None, "gpu_utilisation": pd.NA} | changes


def read(folder) -> EventAccumulator:
    """All of the run, as TensorBoard reads it."""
    reader = EventAccumulator(str(folder))
    reader.Reload()
    return reader


def series(reader: EventAccumulator, tag: str) -> list[tuple[int, float]]:
    """(step, value) of a scalar."""
    return [(e.step, round(float(tensor_util.make_ndarray(e.tensor_proto)), 5)) for e in reader.Tensors(tag)]


def test_each_epoch_is_one_step_of_every_scalar_that_was_measured(config, tmp_path):
    rows = []
    for epoch in (1, 2, 3):
        rows.append(row(epoch))
        write_events(tmp_path, config, rows)
    reader = read(tmp_path)
    assert series(reader, "loss/train") == [(1, 1.0), (2, 0.5), (3, 0.33333)]
    assert series(reader, "accuracy/validation") == [(1, 0.1), (2, 0.2), (3, 0.3)]
    assert "resources/gpu_utilisation" not in reader.Tags()["tensors"]
    times = [event.wall_time for event in reader.Tensors("loss/train")]
    assert times[2] - times[0] == pytest.approx(4.0), "the relative axis is the run's own computing time"


def test_every_column_can_be_shown(config, tmp_path):
    full = {column: 1.0 for column in SCALARS.values()}
    write_events(tmp_path, config, [row(1) | full])
    assert set(SCALARS) <= set(read(tmp_path).Tags()["tensors"])


def test_appending_leaves_the_bytes_before_alone(config, tmp_path):
    write_events(tmp_path, config, [row(1)])
    (file,) = tmp_path.iterdir()
    before = file.read_bytes()
    write_events(tmp_path, config, [row(1), row(2)])
    assert list(tmp_path.iterdir()) == [file]
    assert file.read_bytes().startswith(before)


def test_calling_again_changes_nothing(config, tmp_path):
    for _ in range(3):
        write_events(tmp_path, config, [row(1), row(2)])
    assert series(read(tmp_path), "loss/train") == [(1, 1.0), (2, 0.5)]


@pytest.mark.parametrize("history", [[row(1)], [row(1), row(2)], [row(1), row(2, train_loss=9.0)]])
def test_a_resumed_run_has_no_step_twice(config, tmp_path, history):
    write_events(tmp_path, config, [row(1), row(2), row(3)])
    write_events(tmp_path, config, history)
    rows = [*history, row(len(history) + 1, train_loss=7.0)]
    write_events(tmp_path, config, rows)
    assert series(read(tmp_path), "loss/train") == [(r["epoch"], r["train_loss"]) for r in rows]


def test_a_watching_tensorboard_forgets_what_was_rewritten(config, tmp_path):
    write_events(tmp_path, config, [row(1), row(2), row(3)])
    watching = read(tmp_path)
    write_events(tmp_path, config, [row(1)])
    write_events(tmp_path, config, [row(1), row(2, train_loss=7.0)])
    watching.Reload()
    assert series(watching, "loss/train") == [(1, 1.0), (2, 7.0)]


def test_a_file_cut_by_a_kill_is_written_anew(config, tmp_path):
    write_events(tmp_path, config, [row(1), row(2)])
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    write_events(tmp_path, config, [row(1), row(2)])
    assert series(read(tmp_path), "loss/train") == [(1, 1.0), (2, 0.5)]


def test_the_end_brings_the_results_and_goes_when_the_run_is_resumed(config, tmp_path):
    write_events(tmp_path, config, [row(1), row(2)], RESULT)
    reader = read(tmp_path)
    assert series(reader, "result/test_accuracy") == [(2, 0.7)]
    assert "result/best_val_accuracy" not in reader.Tags()["tensors"], "what is null is not shown"
    write_events(tmp_path, config, [row(1), row(2)])
    assert "result/test_accuracy" not in read(tmp_path).Tags()["tensors"]


def test_a_diverged_run_is_shown_as_it_is(config, tmp_path):
    failed = {"status": "failed", "message": "The loss is not a number.", "elapsed_seconds": None}
    write_events(tmp_path, config, [row(1, train_loss=float("nan"))], failed)
    reader = read(tmp_path)
    assert series(reader, "loss/train")[0][1] != series(reader, "loss/train")[0][1]
    (text,) = reader.Tensors("result")
    assert text.tensor_proto.string_val == [b"failed: The loss is not a number."]


def test_settings_are_there_as_text_and_as_hparams(config, tmp_path):
    write_events(tmp_path, config, [])
    reader = read(tmp_path)
    (text,) = reader.Tensors("configuration")
    assert b"| strategy | linear_probe |" in text.tensor_proto.string_val[0]
    content = reader.SummaryMetadata(hparams_metadata.SESSION_START_INFO_TAG).plugin_data.content
    session = hparams_metadata.parse_session_start_info_plugin_data(content)
    assert session.group_name == config.run_id
    known = session.hparams
    assert known["arm"].string_value == "probe"
    assert known["learning_rate"].number_value == 1e-3
    assert known["epochs"].number_value == 5
    assert known["samples"].string_value == "all"
    assert known["augmentation"].bool_value is True
    assert known["seed"].number_value == 4


def shown(reader: EventAccumulator, tag: str) -> tuple[set[str], list[str]]:
    """The elements and the texts between them that TensorBoard makes of a text."""
    from tensorboard.plugin_util import markdown_to_safe_html  # warns when it is imported

    (text,) = reader.Tensors(tag)
    page, elements, texts = HTMLParser(), set(), []
    page.handle_starttag = lambda element, attributes: elements.add(element)
    page.handle_data = texts.append
    page.feed(markdown_to_safe_html(text.tensor_proto.string_val[0]))
    page.close()
    return elements, texts


@pytest.mark.filterwarnings("ignore:html5lib's sanitizer is deprecated:DeprecationWarning")
def test_names_and_messages_are_shown_letter_by_letter(config, tmp_path):
    for number, payload in enumerate(PAYLOADS):
        named = replace(config, arm=replace(config.arm, name=name(payload)))
        write_events(tmp_path / str(number), named, [], RESULT | {"status": "failed", "message": payload})
        reader = read(tmp_path / str(number))
        elements, texts = shown(reader, "configuration")
        assert elements == {"table", "thead", "tbody", "tr", "th", "td"}, payload
        assert texts[texts.index("arm") + 2] == name(payload)
        assert shown(reader, "result") == ({"p"}, [f"failed: {plain(payload)}"])


def test_it_needs_neither_torch_nor_tensorflow():
    code = "import sys, tl.train.events; print([m for m in ('torch', 'tensorflow') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
