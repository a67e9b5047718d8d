"""A launcher whose nodes are a process of this machine: their trainers end at once and leave what trainers leave."""

import multiprocessing
import time
from collections.abc import Iterable
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from tl.jobs.launchers.launcher import GRACE_SECONDS, Ended
from tl.store.documents import Result
from tl.store.files import parquet_bytes, read_json, write_bytes, write_json
from tl.store.home import Run
from tl.store.machines import Machine

EPOCHS = 3


class StandInCluster:
    """So many nodes, each with room for one run."""

    name, near, one_device = "simulated", False, False
    library: tuple[str, str] | None = None

    def __init__(self, nodes: int):
        self._nodes = nodes
        self._places: dict[str, int] = {}  # handle -> node, of what trains
        self._free = list(range(nodes))[::-1]
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_train, args=(theirs,), daemon=True)
        self._process.start()
        self._pipe.recv()  # it has imported all it needs
        self._ended: set[str] = set()

    @staticmethod
    def check() -> None:
        """There is nothing to be said in the environment."""

    def start(self, run: Run, need_bytes: float) -> str:
        """On the next free node."""
        handle = f"{self.name} {run.folder.name}"
        self._places[handle] = self._free.pop()
        self._pipe.send((handle, str(run.folder)))
        return handle

    def adopt(self, run: Run) -> str | None:
        """No supervisor is killed here."""
        return None

    def alive(self, handle: str) -> bool:
        """Until the trainer has written its result."""
        while self._pipe.poll():
            self._ended.add(self._pipe.recv())
        return handle in self._places and handle not in self._ended

    def seconds(self, handle: str) -> float | None:
        """It began a moment ago."""
        return 0.0

    def ended(self, handle: str) -> Ended:
        """Its result says how."""
        return Ended(exit_code=0)

    def ask(self, run_id: str, handle: str) -> None:
        """It ends by itself."""

    def terminate(self, run_id: str, handle: str | None, grace_seconds: float = GRACE_SECONDS) -> None:
        """Its node is free then."""
        if handle in self._places:
            self._free.append(self._places.pop(handle))
            self._ended.discard(handle)

    def fits(self, need_bytes: float) -> int:
        """As many as there are free nodes."""
        return len(self._free)

    def machines(self, handles: Iterable[str]) -> tuple[Machine, ...]:
        """All nodes."""
        trains = {self._places[handle]: (handle,) for handle in handles if handle in self._places}
        return tuple(Machine(name=f"node {n}", cores=1, trains=trains.get(n, ())) for n in range(self._nodes))

    def wait(self, handles: Iterable[str], seconds: float) -> None:
        """For all of the time, as the launchers of clusters do."""
        time.sleep(seconds)

    def close(self) -> None:
        """End the nodes."""
        self._process.kill()
        self._process.join()


def _train(pipe: Connection) -> None:
    """All nodes: what a trainer leaves, alike for all runs and without waiting for the disk. Five hundred machines have
    the time for it; here it would be measured instead of the supervisor."""
    from tl.store.metrics import METRICS, typed_frame

    metrics = parquet_bytes(typed_frame([_epoch(epoch) for epoch in range(1, EPOCHS + 1)], METRICS))
    progress = {"phase": "done", "epoch": EPOCHS, "epochs": EPOCHS, "counter": 99}
    pipe.send("ready")
    while True:
        handle, folder = pipe.recv()
        run = Run(Path(folder))
        write_bytes(run.metrics, metrics, durable=False)
        write_json(run.progress, progress, durable=False)
        write_json(run.result, msgspec.to_builtins(_result(read_json(run.config)["seed"])), durable=False)
        pipe.send(handle)


def _epoch(epoch: int) -> dict:
    measured = {"train_loss": 2.0 / epoch, "val_loss": 2.1 / epoch, "val_accuracy": 0.2 * epoch, "learning_rate": 1e-3}
    times = {"train_seconds": 2.0, "eval_seconds": 1.0, "elapsed_seconds": 3.0 * epoch}
    return {"run_id": "r", "arm": "scratch", "seed": 0, "epoch": epoch} | measured | times


def _result(seed: int) -> Result:
    return Result(
        status="finished",
        epochs=EPOCHS,
        best_epoch=EPOCHS,
        stopped_early=False,
        best_val_accuracy=0.6,
        test_accuracy=0.5 + 0.01 * (seed % 10),
        test_loss=1.0,
        test_images=600,
        elapsed_seconds=9.0,
        memory_peak_bytes=2**29,
        device="CPU, 1 thread",
        precision="fp32",
        learning_rate=1e-3,
    )
