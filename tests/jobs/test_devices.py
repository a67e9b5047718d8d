"""On how many devices a run may compute: what is refused before anything starts, and what going on with others takes."""

from dataclasses import replace

import pytest

from tl import jobs
from tl.__main__ import main
from tl.config import ArmConfig, Experiment, Refused, RunConfig, new_id
from tl.jobs import devices, memory, repair
from tl.store.files import read_json, write_json
from tl.store.home import Home

SPEC = Experiment(dataset="blossoms", samples=20, arms=(ArmConfig(name="a", strategy="scratch"),), batch_size=16)


@pytest.fixture
def machine(monkeypatch):
    """`machine(gpus, processors)` is this one."""

    def has(gpus: int, processors: int) -> None:
        monkeypatch.setattr(memory, "gpus", lambda: gpus)
        monkeypatch.setattr(devices.machine, "cores", lambda: processors)

    return has


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"devices": 0}, "devices is 0; it must be 1 to 64."),
        ({"devices": 65, "batch_size": 512}, "devices is 65; it must be 1 to 64."),
        ({"devices": 9}, "devices is 9; it must be 1, or at most half the batch size, which is 16."),
        ({"devices": 2, "target_dataset": "other"}, "devices is 2; it must be 1 where there are two data sets: "),
        ({"devices": 2, "batchnorm": "all"}, "batchnorm is 'all'; it must be one of local, sync."),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, said):
    with pytest.raises(Refused, match=said):
        replace(SPEC, **changes)


def test_more_devices_than_there_are_are_refused_in_one_sentence(machine, monkeypatch):
    machine(0, 2)
    devices.check(2)
    with pytest.raises(Refused, match="^devices is 4, but this machine has 2 processors; it must be at most 2.$"):
        jobs.submit(Home("/nowhere"), replace(SPEC, devices=4))
    machine(1, 16)
    devices.check(1)
    with pytest.raises(Refused, match="^devices is 2, but this machine has 1 GPU; it must be at most 1.$"):
        devices.check(2)
    machine(8, 16)
    devices.check(8)
    monkeypatch.setenv("TL_HOSTED", "1")
    with pytest.raises(Refused, match="^This demo limits the number of devices to 1; 8 are too many.$"):
        Home("/nowhere").policy.check_settings(replace(SPEC, devices=8), 500)


@pytest.mark.parametrize(("visible", "number"), [(None, 3), ("", 0), ("1", 1), ("0,2", 2), ("0,1,2,3,4", 3)])
def test_gpus_are_those_that_programs_may_use(monkeypatch, visible, number):
    monkeypatch.setattr(memory, "_asked_driver", lambda query: "" if visible == "" else "GPU-a\nGPU-b\nGPU-c\n")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert memory.gpus.__wrapped__() == number


def test_one_device_is_written_as_ever_and_read_from_what_says_nothing_of_it():
    (config,) = SPEC.runs(new_id())
    assert not {"devices", "batchnorm"} & config.to_json().keys()
    assert RunConfig.from_json(config.to_json()).devices == 1
    (several,) = replace(SPEC, devices=4, batchnorm="sync").runs(new_id())
    assert (several.to_json()["devices"], several.to_json()["batchnorm"]) == (4, "sync")
    assert RunConfig.from_json(several.to_json()) == several


def test_a_run_goes_on_with_other_devices_and_stays_its_experiments(tmp_path, machine):
    machine(4, 2)
    home = Home(tmp_path)
    (config,) = replace(SPEC, devices=4).runs(new_id())
    write_json(home.run(config.run_id).config, config.to_json())
    devices.go_on_with(home, config.run_id, 2)
    changed = RunConfig.from_json(read_json(home.run(config.run_id).config))
    assert changed == replace(config, devices=2)
    assert repair._shared(changed) == repair._shared(config), "a repair still takes it for one of the same experiment"
    with pytest.raises(Refused, match="devices is 5, but this machine has 4 GPUs"):
        devices.go_on_with(home, config.run_id, 5)


def test_processes_take_their_own_memory_and_gpus_share_the_batch(machine):
    one, two = SPEC, replace(SPEC, devices=2)
    machine(0, 2)
    alone = memory.estimated_bytes(one)
    assert 1.8 * alone < memory.estimated_bytes(two) < 2 * alone, "but for the batch, which they divide"
    machine(2, 2)
    assert memory.estimated_bytes(two) < alone == memory.estimated_bytes(one)


def test_a_run_that_is_resumed_on_fewer_devices_waits_with_them(home, machine):
    machine(4, 2)
    experiment_id = jobs.submit(home, replace(SPEC, devices=4))
    (run,) = jobs.list_runs(home, experiment_id)
    jobs.stop(home, run.run_id)
    machine(0, 2)
    assert jobs.resume_on(home, run.run_id, 2).status == "queued"
    assert read_json(home.run(run.run_id).config)["devices"] == 2
    with pytest.raises(Refused, match="is queued"):
        jobs.resume_on(home, run.run_id, 1)
    assert read_json(home.run(run.run_id).config)["devices"] == 2, "it may start at any moment"


def test_the_resumed_number_of_devices_is_no_sweeps(home, machine, capsys):
    sweep_id = jobs.submit_sweep(home, SPEC, [20, 30])
    assert main(["resume", sweep_id, "--devices", "1", "--home", str(home.path)]) == 2
    assert "--devices is for a single run; name one run of the sweep." in capsys.readouterr().err
