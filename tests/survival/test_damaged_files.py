"""Flipped bits, cut files, values of the wrong kind: no page and no command may answer with a traceback.

`DAMAGES=200` makes as many cases, each also looked at from another page and by more commands.
"""

import json
import os
import random
import shutil
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from tests import page_lab
from tests.datasets.crafted import ingest, picture, two_classes, zipped
from tl import jobs
from tl.__main__ import main
from tl.analysis.forecasts import hints
from tl.config import ArmConfig, Experiment
from tl.jobs.measurements import speed
from tl.store.features import RANDOM
from tl.store.files import write_json
from tl.store.home import Home
from tl.store.queue import database

DAMAGES = int(os.environ.get("DAMAGES", "28"))
MANY = DAMAGES > 28
APP = str(Path(__file__).parents[2] / "app.py")
SPEEDS = {"train_images_per_second": 9.0, "head_only_images_per_second": 9.0, "eval_images_per_second": 9.0}
OTHERS = (None, True, -1, 0.5, 10**30, float("nan"), "x", "", [], [1, "a"], {}, {"a": {"b": []}})
ADVISE = ["advise", "--json", "--dataset"]
COMMANDS = (
    ["runs", "--json"],
    ["sweeps"],
    ["datasets", "--json"],
    [*ADVISE, "blossoms", "--samples", "100"],
    [*ADVISE, "flowers", "--samples", "4"],
)
CHOSEN = {"pictures": "flowers"}  # view -> data set in the form
VIEWS = {  # file -> where its content shows
    "metrics.parquet": "finished",
    "resources.parquet": "finished",
    "progress.json": "running",
    "result.json": "finished",
    "config.json": "running",
    "hints.json": "form",
    "advice": "form",
    "probes.json": "form",
    "tl.sqlite": "runs",
    "dataset.json": "pictures",
    "index.parquet": "pictures",
    "pictures-64.u8": "pictures",
    "pictures-64.json": "pictures",
    "imported.json": "imported",
}


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A home with something of everything: (folder, view -> page and address)."""
    home = Home(tmp_path_factory.mktemp("original") / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "ensure_supervisor", lambda home: False)
        arms = (page_lab.ARMS[0], ArmConfig(name="transfer", strategy="linear_probe"))
        finished = page_lab.submit(home, seeds=2, arms=arms)
        for place, row in enumerate(page_lab.rows(home, finished)):
            page_lab.end(home, row, "finished", accuracy=0.08 + 0.05 * (place % 2))
        sweep = jobs.submit_sweep(home, Experiment(dataset="blossoms", epochs=6, arms=arms), (100, 300))
        for row in [row for one in database.read_sweep(home, sweep)["experiments"] for row in page_lab.rows(home, one)]:
            page_lab.end(home, row, "finished")
        running = page_lab.running(home)
        page_lab.failed(home)
    photos = {name: picture(number, (80, 80)) for number, name in enumerate(two_classes("", 4))}
    photos |= {"rose/again.png": photos["rose/0.png"], "rose/broken.png": b"no picture", "tulip/.DS_Store": b"junk"}
    flowers = ingest(home, zipped(home.path / "flowers.zip", photos), "flowers")
    imported = page_lab.finished(home)
    for row in page_lab.rows(home, imported):
        about = {"exported": 1e9, "dataset": flowers.to_json(), "weights": "ImageNet"}
        write_json(home.run(row.run_id).imported, about)
    asked = hints.question(home, "blossoms", 500, 64)
    for key in hints.candidates(home, asked):
        entry = {"logme": 0.1 * (key.weights != RANDOM), "h_score": 1.0, "leep": None}
        hints.remember(home, key, entry)
    entry = SPEEDS | {"startup_seconds": 2.0, "device": "CPU", "time": 4e9, "strained": False}
    write_json(home.probes_path, {speed._key("mobilenet_v2", 64, 32): entry, "precision x": {"fp32": 1.0, "bf16": 1.0}})
    with database.writing(home) as connection:
        connection.execute("PRAGMA user_version")
    views = {
        "finished": (None, {"experiment": finished}),
        "running": (None, {"experiment": running}),
        "sweep": ("pages/1_Data_size.py", {"sweep": sweep}),
        "runs": ("pages/2_Runs.py", {}),
        "form": (None, {}),
        "pictures": (None, {}),
        "imported": (None, {"experiment": imported}),
    }
    return home, views


def targets(home: Home, name: str) -> list[Path]:
    """Files of that name."""
    if name == "advice":
        return sorted(home.advice_dir.glob("*.json"))
    return sorted(home.path.rglob(name))


def flip(data: bytes, rng: random.Random) -> bytes:
    """Turn over one to forty bits."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 3, 40))):
        place = rng.randrange(len(changed))
        changed[place] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.choice((0, rng.randrange(len(data))))]


def blank(data: bytes, rng: random.Random) -> bytes:
    """A sector that reads as zeros."""
    start = rng.randrange(len(data))
    return data[:start] + b"\0" * min(512, len(data) - start) + data[start + 512 :]


def other_value(data: bytes, rng: random.Random) -> bytes:
    """JSON whose whole, or one value somewhere in it, is of another kind."""
    document = json.loads(data)
    if rng.random() < 0.2:
        return json.dumps(rng.choice(OTHERS)).encode()
    inside = document
    while True:
        key = rng.choice(list(inside)) if isinstance(inside, dict) else rng.randrange(len(inside))
        if not inside[key] or not isinstance(inside[key], dict | list) or rng.random() < 0.3:
            break
        inside = inside[key]
    if rng.random() < 0.3 and isinstance(inside, dict):
        del inside[key]
    else:
        inside[key] = rng.choice(OTHERS)
    return json.dumps(document).encode()


def other_table(data: bytes, rng: random.Random) -> bytes:
    """A sound Parquet file that holds something else."""
    import io

    frame = pd.read_parquet(io.BytesIO(data))
    column = rng.choice(list(frame.columns))
    changed = [
        frame.drop(columns=column),
        frame.assign(**{column: [["a"]] * len(frame)}),
        frame.assign(**{column: "x"}),
        frame.assign(**{column: None}),
        frame.iloc[::-1],
        pd.concat([frame, frame]),
        pd.DataFrame({"z": [1]}),
    ]
    buffer = io.BytesIO()
    rng.choice(changed).to_parquet(buffer, index=False)
    return buffer.getvalue()


def harm(path: Path, rng: random.Random) -> str:
    """Damage the file; how."""
    ways = [flip, flip, cut, blank]
    ways += [other_value] * 3 if path.suffix == ".json" else []
    ways += [other_table] * 2 if path.suffix == ".parquet" else []
    data = path.read_bytes()
    way = rng.choice(ways)
    while (changed := way(data, rng)) == data:
        pass
    path.write_bytes(changed)
    return way.__name__


def look(view: tuple[str | None, dict], chosen: str | None = None) -> AppTest:
    """Open a page, with a data set chosen in its form."""
    page, address = view
    app = page_lab.unfold(AppTest.from_file(APP, default_timeout=180))
    if page:
        app.switch_page(page)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    if chosen and not app.exception:
        choice = app.selectbox(key="form_dataset")
        if any(option.startswith(chosen) for option in choice.options):  # a damaged one can't be chosen
            choice.select(chosen).run()
    return app


@pytest.mark.parametrize("case", range(DAMAGES))
def test_damage_never_ends_in_a_traceback(case, original, tmp_path, monkeypatch, capsys):
    home, views = original
    rng = random.Random(case)
    name = list(VIEWS)[case % len(VIEWS)]
    copy = Home(shutil.copytree(home.path, tmp_path / "home"))
    monkeypatch.setenv("TL_HOME", str(copy.path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(jobs, "ensure_supervisor", lambda home: False)
    monkeypatch.setattr("tl.jobs.background.detached", lambda *_, **__: SimpleNamespace(pid=0, wait=lambda: None))
    several = targets(copy, name)
    harmed = several if rng.random() < 0.3 and name != "tl.sqlite" else [rng.choice(several)]
    how = [f"{harm(path, rng)} {path.relative_to(copy.path)}" for path in harmed]
    told = f"case {case}: {', '.join(how)}"
    for view in {VIEWS[name], rng.choice(list(views))} if MANY else (VIEWS[name],):
        app = look(views[view], CHOSEN.get(view))
        assert not app.exception, f"{told}, seen on {view}: {[each.stack_trace for each in app.exception]}"
    for command in COMMANDS if MANY else COMMANDS[:1]:
        capsys.readouterr()  # what a page has logged is no answer of the command
        status = main([*command, "--home", str(copy.path)])
        out, errors = capsys.readouterr()
        assert status in (0, 2) and (status == 0 or errors.count("\n") == 1), f"{told}: {errors}"
        if status == 0 and "--json" in command:
            json.loads(out)


def test_a_damaged_queue_is_one_sentence_on_every_page(original, tmp_path, monkeypatch):
    home, views = original
    copy = Home(shutil.copytree(home.path, tmp_path / "home"))
    monkeypatch.setenv("TL_HOME", str(copy.path))
    monkeypatch.setattr("tl.jobs.background.detached", lambda *_, **__: SimpleNamespace(pid=0, wait=lambda: None))
    data = copy.database_path.read_bytes()
    copy.database_path.write_bytes(data[:100] + b"\xff" * (len(data) - 100))
    for view in views.values():
        app = look(view)
        assert not app.exception
        [error] = app.error
        assert "python -m tl repair" in page_lab.unescaped(app), error.value


def copy_with(original, tmp_path, monkeypatch, name: str, data: bytes) -> tuple[Home, dict]:
    """A copy of the home, in use, whose files of that name hold `data`; and its views."""
    home, views = original
    copy = Home(shutil.copytree(home.path, tmp_path / "home"))
    monkeypatch.setenv("TL_HOME", str(copy.path))
    monkeypatch.setattr("tl.jobs.background.detached", lambda *_, **__: SimpleNamespace(pid=0, wait=lambda: None))
    for path in targets(copy, name):
        path.write_bytes(data)
    return copy, views


def test_a_damaged_data_set_is_told_and_the_others_stay(original, tmp_path, monkeypatch, capsys):
    copy, views = copy_with(original, tmp_path, monkeypatch, "dataset.json", b"[]")
    told = "dataset.json is damaged; delete"
    app = look(views["form"])
    assert told in page_lab.unescaped(app) and not app.exception
    assert not app.button(key="form_start").disabled
    assert main(["datasets", "--home", str(copy.path)]) == 0
    out, errors = capsys.readouterr()
    assert told in errors and "blossoms" in out


def test_a_data_set_with_a_damaged_index_can_not_be_started(original, tmp_path, monkeypatch):
    _, views = copy_with(original, tmp_path, monkeypatch, "index.parquet", b"PAR1 nothing PAR1")
    app = look(views["pictures"], "flowers")
    assert "index.parquet is damaged; delete" in page_lab.unescaped(app) and not app.exception
    assert app.button(key="form_start").disabled


def test_a_damaged_import_is_told_and_shown_without_what_it_named(original, tmp_path, monkeypatch):
    _, views = copy_with(original, tmp_path, monkeypatch, "imported.json", b'{"dataset": {"name": 1}}')
    app = look(views["imported"])
    read = page_lab.unescaped(app)
    assert not app.exception
    assert "imported: trained on another machine" in read
    assert "imported.json, which names its pictures and weights, is damaged" in read


def test_a_damaged_table_is_told_beside_the_charts(original, tmp_path, monkeypatch):
    home, views = original
    copy = Home(shutil.copytree(home.path, tmp_path / "home"))
    monkeypatch.setenv("TL_HOME", str(copy.path))
    page, address = views["finished"]
    run = jobs.list_runs(copy, address["experiment"])[0]
    copy.run(run.run_id).metrics.write_bytes(b"PAR1 nothing PAR1")
    app = look((page, address))
    assert not app.exception
    assert "metrics.parquet of From scratch, seed 0, is damaged" in page_lab.unescaped(app)
