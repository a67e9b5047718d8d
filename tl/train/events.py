"""TensorBoard event files of a run, written with TensorBoard's own records (neither TensorFlow nor torch is needed).

One file: three records about the run, one per epoch, one at the end. An attempt that resumes and finds other epochs
in it starts a new file and empties the old one; the START mark makes a TensorBoard that is watching forget the rest.
TensorBoard's own EventFileWriter would begin a file with every attempt, on a thread, and with the time of writing.
"""

import io
import re
import struct
import time
from pathlib import Path
from typing import Any

import pandas as pd
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2, summary_v2
from tensorboard.plugins.hparams import metadata as hparams_metadata
from tensorboard.plugins.text import metadata as text_metadata
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util import tensor_util

from tl.config import RunConfig
from tl.store.home import Home
from tl.words import plain

HEAD_RECORDS = 3
# What means something inside a line; a backslash before it would be shown. Inside a word an underscore means nothing.
_MARKDOWN = re.compile(r"[\\`*\[\]<>&|]|(?<![^\W_])_|_(?![^\W_])")

# Tag in TensorBoard -> column of metrics.parquet.
SCALARS = {
    "loss/train": "train_loss",
    "loss/validation": "val_loss",
    "accuracy/train": "train_accuracy",
    "accuracy/validation": "val_accuracy",
    "accuracy/validation_balanced": "val_balanced_accuracy",
    "accuracy/validation_macro_f1": "val_macro_f1",
    "error/validation_loss": "val_loss_error",
    "error/validation_accuracy": "val_accuracy_error",
    "learning_rate": "learning_rate",
    "epoch/train_seconds": "train_seconds",
    "epoch/eval_seconds": "eval_seconds",
    "epoch/images_per_second": "images_per_second",
    "epoch/trainable_parameters": "trainable_parameters",
    "epoch/images_seen": "images_seen",
    "resources/memory_peak_bytes": "memory_peak_bytes",
    "resources/gpu_utilisation": "gpu_utilisation",
    "resources/energy_joules": "energy_joules",
}
# Tag -> key of result.json; these are the metrics of TensorBoard's hparams table.
RESULTS = {
    "result/test_accuracy": "test_accuracy",
    "result/test_balanced_accuracy": "test_balanced_accuracy",
    "result/test_macro_f1": "test_macro_f1",
    "result/best_val_accuracy": "best_val_accuracy",
    "result/best_val_balanced_accuracy": "best_val_balanced_accuracy",
    "result/best_epoch": "best_epoch",
    "result/elapsed_seconds": "elapsed_seconds",
}
SESSION_STATUS = {"finished": api_pb2.STATUS_SUCCESS, "failed": api_pb2.STATUS_FAILURE}


def write_events(
    folder: Path, config: RunConfig, rows: list[dict[str, Any]], result: dict[str, Any] | None = None
) -> None:
    """Bring the run's event file up to date: `rows` are all its epochs so far, `result` its end.

    Cheap to call after each epoch (appends what is missing). Call it at the start of an attempt too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    old = sorted(folder.glob("events.out.tfevents.*"))
    written = _epochs_written(old[-1], config, rows) if old else None
    events = [_epoch_event(config, row) for row in rows[written or 0 :]]
    if result is not None:
        events.append(_end_event(config, rows, result))
    if written is not None:
        _append(old[-1], events)
        return
    # A later name than any before, so that a TensorBoard that is watching goes on to it.
    _append(folder / f"events.out.tfevents.{time.time():.6f}", _head_events(config) + events)
    for path in old:
        path.write_bytes(b"")  # not deleted: a TensorBoard that is reading it would go no further


def _append(path: Path, events: list[event_pb2.Event]) -> None:
    buffer = io.BytesIO()
    writer = RecordWriter(buffer)
    for event in events:
        writer.write(event.SerializeToString())
    with open(path, "ab") as file:
        file.write(buffer.getvalue())


def _records(path: Path) -> list[bytes] | None:
    """The serialised events in a file; None where it ends inside a record.

    TensorBoard's reader adds every byte up in Python, again at each epoch, and doesn't say that one is cut off.
    """
    data, place, records = path.read_bytes(), 0, []
    while place < len(data):
        # A record: length (8 bytes), its checksum (4), the event, its checksum (4).
        if len(data) - place < 12:
            return None
        (length,) = struct.unpack_from("<Q", data, place)
        end = place + 12 + length + 4
        if end > len(data):
            return None
        records.append(data[place + 12 : end - 4])
        place = end
    return records


def _epochs_written(path: Path, config: RunConfig, rows: list[dict[str, Any]]) -> int | None:
    """How many of `rows` the file holds; None where it holds anything else and has to be rewritten."""
    records = _records(path)
    if records is None or not HEAD_RECORDS <= len(records) <= HEAD_RECORDS + len(rows):
        return None
    written = len(records) - HEAD_RECORDS
    if written and records[-1] != _epoch_event(config, rows[written - 1]).SerializeToString():
        return None
    return written


def _started(config: RunConfig) -> float:
    """When the run was asked for, Unix seconds: the first digits of its id."""
    return (int(config.run_id, 32) >> 80) / 1000


def _event(config: RunConfig, elapsed_seconds: float | None, step: int, **content: Any) -> event_pb2.Event:
    # The time is the start plus the run's own computing time: the "relative" axis then shows what epochs cost.
    elapsed = 0.0 if elapsed_seconds is None or pd.isna(elapsed_seconds) else float(elapsed_seconds)
    return event_pb2.Event(wall_time=_started(config) + elapsed, step=step, **content)


def _scalars(values: dict[str, Any]) -> list[summary_pb2.Summary.Value]:
    known = {tag: value for tag, value in values.items() if value is not None and value is not pd.NA}
    return [summary_pb2.Summary.Value(tag=tag, simple_value=float(value)) for tag, value in known.items()]


def _epoch_event(config: RunConfig, row: dict[str, Any]) -> event_pb2.Event:
    values = _scalars({tag: row.get(column) for tag, column in SCALARS.items()})
    summary = summary_pb2.Summary(value=values)
    return _event(config, row.get("elapsed_seconds"), int(row["epoch"]), summary=summary)


def _literal(value: object) -> str:
    """The value inside a line of TensorBoard's Markdown such that it is shown letter by letter, on one line."""
    return _MARKDOWN.sub(lambda found: f"&#{ord(found[0])};", plain(Home().policy.without_places(str(value))))


def _text(tag: str, text: str) -> summary_pb2.Summary.Value:
    metadata = text_metadata.create_summary_metadata(display_name=tag, description="")
    tensor = tensor_util.make_tensor_proto([text.encode()])
    return summary_pb2.Summary.Value(tag=tag, metadata=metadata, tensor=tensor)


def _head_events(config: RunConfig) -> list[event_pb2.Event]:
    settings = _settings(config)
    lines = [
        "| setting | value |",
        "| --- | --- |",
        *(f"| {name} | {_literal(value)} |" for name, value in settings.items()),
    ]
    started = _started(config)
    columns = plugin_data_pb2.HParamsPluginData(experiment=_hparams_columns(settings, started))
    session = summary_v2.hparams_pb(settings, trial_id=config.run_id, start_time_secs=started)
    values = [
        _text("configuration", "\n".join(lines)),
        _hparams(hparams_metadata.EXPERIMENT_TAG, columns),
        *session.value,
    ]
    start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    return [
        event_pb2.Event(wall_time=started, file_version="brain.Event:2"),
        _event(config, 0, 0, session_log=start),
        _event(config, 0, 0, summary=summary_pb2.Summary(value=values)),
    ]


def _hparams_columns(settings: dict[str, Any], created: float) -> api_pb2.Experiment:
    """Which settings and results the hparams table shows, the same in every run."""
    types = {bool: api_pb2.DATA_TYPE_BOOL, str: api_pb2.DATA_TYPE_STRING}
    infos = [
        api_pb2.HParamInfo(name=name, type=types.get(type(value), api_pb2.DATA_TYPE_FLOAT64))
        for name, value in settings.items()
    ]
    metrics = [summary_v2.Metric(tag, display_name=tag.split("/")[1].replace("_", " ")).as_proto() for tag in RESULTS]
    return api_pb2.Experiment(hparam_infos=infos, metric_infos=metrics, time_created_secs=created)


def _hparams(tag: str, data: plugin_data_pb2.HParamsPluginData) -> summary_pb2.Summary.Value:
    metadata = hparams_metadata.create_summary_metadata(data)
    return summary_pb2.Summary.Value(tag=tag, metadata=metadata, tensor=hparams_metadata.NULL_TENSOR)


def _settings(config: RunConfig) -> dict[str, bool | float | str]:
    """The run's settings, flat, as TensorBoard's hparams know them: bool, number or text."""
    document = config.to_json()
    arm = document.pop("arm")
    for name in ("run_id", "experiment_id", "arm_position"):
        del document[name]
    flat = {"arm": arm["name"], "strategy": arm["strategy"], **document}
    flat |= {"epochs": config.max_epochs}
    if (rate := config.rate_of(config.arm)) is not None:
        flat["learning_rate"] = rate
    flat |= {"samples": "all" if config.samples is None else str(config.samples)}  # one type in all runs
    return {name: value if isinstance(value, bool | int | float) else str(value) for name, value in flat.items()}


def _end_event(config: RunConfig, rows: list[dict[str, Any]], result: dict[str, Any]) -> event_pb2.Event:
    values = _scalars({tag: result.get(key) for tag, key in RESULTS.items()})
    said = f"{result['status']}: {_literal(result.get('message') or 'as planned')}"  # not shown
    values.append(_text("result", said))
    elapsed = result.get("elapsed_seconds")
    status = SESSION_STATUS.get(result["status"], api_pb2.STATUS_UNKNOWN)
    end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=_started(config) + (elapsed or 0.0))
    data = plugin_data_pb2.HParamsPluginData(session_end_info=end)
    values.append(_hparams(hparams_metadata.SESSION_END_INFO_TAG, data))
    return _event(config, elapsed, len(rows), summary=summary_pb2.Summary(value=values))
