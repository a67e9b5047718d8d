"""What a step costs that adapts to a target: against forward and backward pass of as many pictures, in turns."""

import json
import subprocess
import sys
import time

from tests.benchmarks.row import Row, share
from tests.benchmarks.scale import Scale
from tl.output import spell_out
from tl.store.home import Home

WAYS = ("dann", "cdan", "mcc")
MOST = 1.15
RESOLUTION, CLASSES = 64, 7
USAGE = "usage: python -m tests.benchmarks.adapting SECONDS TURNS BATCH_SIZE"


def adapting(home: Home, scale: Scale) -> list[Row]:
    """Milliseconds of the processor that a step takes, the optimizer's part included, at 64 px: others may compute beside."""
    arguments = [str(scale.step_seconds), str(scale.limit_turns), str(scale.batch_size)]
    command = [sys.executable, "-m", "tests.benchmarks.adapting", *arguments]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    pictures = f"forward and backward of {2 * scale.batch_size} pictures"
    return [share(f"step of {way}", found[way], "ms", pictures, found["bare"], at_most=MOST) for way in WAYS]


def main(seconds: float, turns: int, batch_size: int) -> dict[str, float]:
    """Milliseconds of the processor: the fastest turn of each, the same network, random pictures."""
    import torch

    from tl.config import ArmConfig, Experiment
    from tl.train.methods import method_of
    from tl.train.network import Stages, new_network
    from tl.train.optimizer import make_optimizer, set_rates

    cpu = torch.device("cpu")
    pictures = torch.randn(2 * batch_size, 3, RESOLUTION, RESOLUTION).contiguous(memory_format=torch.channels_last)
    classes = torch.randint(CLASSES, (batch_size,))

    def bare():
        network = new_network("mobilenet_v2", CLASSES, RESOLUTION, cpu).train()
        both = torch.cat([classes, classes])

        def step() -> None:
            network.zero_grad(set_to_none=True)
            torch.nn.functional.cross_entropy(network(pictures), both).backward()

        return step

    def adapted(way: str):
        arm = ArmConfig(name=way, strategy=way)
        (config,) = Experiment(dataset="a", target_dataset="b", resolution=RESOLUTION, arms=(arm,)).runs("e" * 26)
        network, method = new_network("mobilenet_v2", CLASSES, RESOLUTION, cpu), method_of(config)
        method.prepare(network)
        stages = Stages(network, "mobilenet_v2", owner=method.owner, trains=method.trains)
        optimizer = make_optimizer(stages, config, method)
        (phase,) = config.phases
        stages.apply(phase)
        method.begin()
        method.done = 0.5
        stages.train_mode()
        set_rates(optimizer, phase, 1e-6)

        def step() -> None:
            optimizer.zero_grad(set_to_none=True)
            method.loss(network(pictures), classes, torch.nn.functional.cross_entropy).backward()
            method.after_backward()
            optimizer.step()
            method.after_step()

        return step

    steps = {"bare": bare()} | {way: adapted(way) for way in WAYS}
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(turns):
        for name, step in steps.items():
            step()
            began, number = time.process_time(), 0
            while not number or time.process_time() - began < seconds:
                step()
                number += 1
            taken[name].append((time.process_time() - began) / number)
    return {name: 1000 * min(found) for name, found in taken.items()}


if __name__ == "__main__":
    spell_out()
    if len(sys.argv) != 4:
        sys.exit(USAGE)
    print(json.dumps(main(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
