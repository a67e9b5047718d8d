"""A trainer that trains nothing: obeys the files of a run, and the arm's name says how it behaves.

`quick`: 2 epochs at once; `slow`: until it is stopped; `stubborn`: the same, deaf to SIGTERM; `crash`: exit status 3
without a result; `refuse`: a result that says failed; `table`: 3 epochs with metrics.parquet, half a second each;
`noisy`: as quick, and its test accuracy goes up and down with the seed; `hang`: stands still after 2 epochs; `wait`: its
turn never comes; `commit`: 12 epochs, each also a line in epochs.log; `commit slowly`: so that it is killed between two.
"""

import signal
import sys
import time
from pathlib import Path

from tl.store.files import read_json, sweep, write_json
from tl.store.home import Run

run = Run(Path(sys.argv[1]))
config = read_json(run.config)
behaviour = config["arm"]["name"].split()[0]
sweep(run.folder)  # as trainers do
stopped = []
signal.signal(signal.SIGTERM, lambda *_: None if behaviour == "stubborn" else stopped.append(True))
before = read_json(run.folder / "epochs.json", 0)  # what a checkpoint would be


def end(status: str, epochs: int, **facts) -> None:
    accuracy = 0.5 if epochs else None
    reached = 0.3 + 0.2 * (config["seed"] % 2) if behaviour == "noisy" else 0.4
    test_accuracy = reached if status == "finished" else None
    facts = {"reason": None, "message": None} | facts | {"best_val_accuracy": accuracy, "test_accuracy": test_accuracy}
    facts |= {"best_epoch": 1, "stopped_early": False, "elapsed_seconds": 1.0, "memory_peak_bytes": 1000}
    write_json(run.result, {"status": status, "epochs": epochs} | facts)
    sys.exit(1 if status == "failed" else 0)


def write_table(epochs: int) -> None:
    from tl.store.metrics import write_metrics

    names = {"run_id": config["run_id"], "arm": config["arm"]["name"], "seed": config["seed"]}
    values = {"train_seconds": 0.5, "eval_seconds": 0.1, "val_loss": 1.0}
    rows = [names | values | {"epoch": e, "elapsed_seconds": e * 0.6, "val_accuracy": e / 10} for e in epochs]
    write_metrics(run.metrics, rows)


print("ready", flush=True)
if behaviour == "crash":
    print("the stand-in broke", flush=True)
    sys.exit(3)
if behaviour == "refuse":
    end("failed", 0, reason="bad_data", message="The pictures are gone.")
commit_seconds = 0.3 if config["arm"]["name"].endswith("slowly") else 0.02
last = {"quick": 2, "noisy": 2, "table": 3, "commit": 12}.get(behaviour, 10**6)
phase = "waiting" if behaviour == "wait" else "training"
for epoch in range(before + 1, last + 1):
    progress = {"phase": phase, "epoch": epoch, "epochs": last, "counter": epoch}
    write_json(run.progress, progress, durable=False)
    while (behaviour == "hang" and epoch > 2) or (behaviour == "wait" and not stopped):
        time.sleep(0.05)
    time.sleep({"quick": 0, "noisy": 0, "table": 0.5, "commit": commit_seconds}.get(behaviour, 0.05))
    if stopped:
        end("stopped", epoch - 1)
    if behaviour == "table":
        write_table(range(1, epoch + 1))
    write_json(run.folder / "epochs.json", epoch, durable=behaviour == "commit")
    if behaviour == "commit":  # one write, so that whoever else wrote here can be told
        with open(run.folder / "epochs.log", "ab", buffering=0) as file:
            file.write(f"{epoch}\n".encode())
end("finished", last)
