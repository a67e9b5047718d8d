"""Which machines carry runs out, and what each trains now: as the supervisor told it, while one works."""

from tl.arm_names import arm_title
from tl.jobs.launchers import catalogue
from tl.jobs.listing import RunLine
from tl.jobs.start import launcher_now
from tl.languages import plural, say
from tl.store.home import Home
from tl.store.machines import Machine, read_machines
from tl.ui.parts.fold import fold
from tl.words import cell, count, memory, not_available, percent

OPEN = "machines_open"
NOTHING = "–"  # in a cell; an empty one would say "None"


def show(home: Home, runs: list[RunLine]) -> None:
    """One line, and a table behind it. Nothing where runs train on this machine only, as they do unless told otherwise,
    where no supervisor works, and where strangers use TL Lab: whose runs they are and where is none of their business.
    """
    if not home.policy.shows_machines or launcher_now(home) in (None, catalogue.DEFAULT):
        return
    machines = read_machines(home)
    able = [machine for machine in machines if machine.alive and machine.cores != 0]  # a head may train nothing
    busy = sum(bool(machine.trains) for machine in able)
    words = plural(
        "{busy} of {number:,} machine training", "{busy} of {number:,} machines training", len(able), busy=count(busy)
    )
    if place := fold(say("Machines"), words, OPEN):
        place.dataframe(machine_columns(machines, runs), hide_index=True, alt=say("Machines and what each trains"))


def machine_columns(machines: tuple[Machine, ...], runs: list[RunLine]) -> dict[str, list[str]]:
    trained = {run_id for machine in machines for run_id in machine.trains}
    titles = {
        run.run_id: say("{arm}, seed {seed}", arm=arm_title(run.arm), seed=run.seed)
        for run in runs
        if run.run_id in trained
    }

    def known(value: float | None) -> str:
        return not_available() if value is None else f"{value:g}"

    return {
        say("machine"): [cell(machine.name) for machine in machines],
        say("state"): [say("reachable") if machine.alive else say("gone") for machine in machines],
        say("trains"): [
            cell("; ".join(titles.get(run_id, run_id) for run_id in machine.trains)) or NOTHING for machine in machines
        ],
        say("processors"): [known(machine.cores) for machine in machines],
        say("GPUs"): [known(machine.gpus) for machine in machines],
        say("memory for runs"): [memory(machine.memory_bytes) for machine in machines],
        say("processor load"): [percent(machine.cpu_load, 0) for machine in machines],
        say("memory in use"): [memory(machine.used_bytes) for machine in machines],
        say("GPU load"): [percent(machine.gpu_load, 0) for machine in machines],
    }
