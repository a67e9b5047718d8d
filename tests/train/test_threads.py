"""How many threads compute, by what this process got of the machine and what lay idle."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from tl import machine
from tl.train.hardware import threads
from tl.train.hardware.threads import PERIOD_SECONDS, CpuCounters, Threads, available


class Machine:
    """A machine of `cores` on which somebody else wants `others` of them; a clock that goes as fast as is wished."""

    def __init__(self, cores: int, quotas: tuple[tuple[float, float], ...] = ()):
        self.cores, self.others, self.number = cores, 0.0, cores
        self.now = CpuCounters(time=100.0, own=0.0, idle=0.0, quotas=quotas, waited=0.0)

    def apply(self, number: int) -> None:
        self.number = number

    def read(self) -> CpuCounters:
        return self.now

    def pass_time(self, seconds: float, computing: bool = True) -> None:
        """As a fair scheduler does it: each thread that wants a core gets as much as any other."""
        wants = self.number if computing else 0
        load = wants + self.others
        got = wants if load <= self.cores else wants * self.cores / load
        rest = min(self.others, self.cores - got)
        self.now = CpuCounters(
            time=self.now.time + seconds,
            own=self.now.own + got * seconds,
            idle=self.now.idle + (self.cores - got - rest) * seconds,
            quotas=tuple((cores, used + (got + rest) * seconds) for cores, used in self.now.quotas),
            waited=self.now.waited + (wants - got) * seconds,
        )


@pytest.fixture
def two(monkeypatch):
    return started(monkeypatch, Machine(2))


def started(monkeypatch, here):
    monkeypatch.setattr(machine, "cores", lambda: here.cores)
    monkeypatch.setattr(threads.time, "monotonic", lambda: here.now.time)
    here.threads = Threads(None, None, here.apply, here.read)
    here.threads.resume()
    return here


def compute(here, seconds, step=0.05):
    seen = []
    for _ in range(round(seconds / step)):
        here.pass_time(step)
        here.threads.tick()
        seen.append(here.number)
    return seen


def test_alone_all_cores_compute(two):
    assert set(compute(two, 10)) == {2}


def test_beside_a_busy_process_one_less_computes_within_a_second(two):
    compute(two, 3)
    two.others = 1
    assert compute(two, 1)[-1] == 1
    assert set(compute(two, 10)) == {1}


def test_when_it_has_gone_all_compute_again_within_two_seconds(two):
    two.others = 1
    compute(two, 5)
    two.others = 0
    seen = compute(two, 2)
    assert seen[-1] == 2
    assert [later - earlier for earlier, later in pairwise(seen)].count(1) == 1


@pytest.mark.parametrize(("others", "number"), [(0.2, 2), (0.3, 2), (0.5, 1), (1, 1), (2, 1), (4, 1)])
def test_a_page_that_is_drawn_now_and_then_costs_no_thread(two, others, number):
    two.others = others
    assert compute(two, 5)[-1] == number


@pytest.mark.parametrize(("others", "number"), [(1, 7), (3, 5), (7, 2), (20, 1)])
def test_on_a_large_machine_the_others_keep_theirs_and_it_keeps_the_rest(monkeypatch, others, number):
    eight = started(monkeypatch, Machine(8))
    eight.others = others
    assert compute(eight, 20)[-1] == number


def test_two_that_begin_at_once_keep_a_core_each(two):
    two.others = 2  # the other one's threads
    compute(two, 1)
    two.others = 1  # which has found the same
    assert set(compute(two, 10)) == {1}


def test_within_a_quota_it_is_the_group_that_counts(monkeypatch):
    many = Machine(2, quotas=((2.0, 50.0),))  # two cores of a machine that has more, all of which look idle
    started(monkeypatch, many)
    many.others = 1
    many.now = replace(many.now, idle=0.0)

    def tick():
        many.pass_time(0.1)
        many.now = replace(many.now, idle=many.now.idle + 6 * 0.1)
        many.threads.tick()

    for _ in range(20):
        tick()
    assert many.number == 1


def test_what_happens_while_others_have_the_turn_is_no_sign_of_a_busy_machine(two):
    for _ in range(40):
        compute(two, 0.1)
        two.threads.pause()
        two.others = 2
        two.pass_time(3.0, computing=False)
        two.others = 0
        two.threads.resume()
    assert two.number == 2
    share = two.threads.take_share()
    assert share.seconds == pytest.approx(4.0)
    assert share.others == pytest.approx(0.0)


def test_short_turns_find_out_as_well(two):
    two.others = 1
    for _ in range(40):
        compute(two, 0.05)
        two.threads.pause()
        two.pass_time(1.0, computing=False)
        two.threads.resume()
    assert two.number == 1


def test_one_of_two_that_compute_side_by_side_keeps_to_its_share_and_does_not_call_the_other_busy(two):
    two.threads.take_share()
    two.threads.among(2)
    two.others = 1
    assert set(compute(two, 5)) == {1}
    assert two.threads.take_share().others == pytest.approx(0)
    two.others = 2
    compute(two, 5)
    assert two.threads.take_share().others == pytest.approx(1 / 3, abs=0.05), "beside a third program"
    two.threads.among(1)
    two.others = 0
    assert compute(two, 2)[-1] == 2


def test_a_fixed_number_stays(monkeypatch):
    here = Machine(4)
    monkeypatch.setattr(threads.time, "monotonic", lambda: here.now.time)
    here.threads = Threads(3, None, here.apply, here.read)
    here.threads.resume()
    here.others = 4
    assert set(compute(here, 10)) == {3}


def test_a_share_says_what_was_computed_and_what_others_took(two):
    two.others = 1
    compute(two, 10)
    share = two.threads.take_share()
    assert share.seconds == pytest.approx(10)
    assert 1.0 <= share.row()["threads"] < 1.2
    assert share.others == pytest.approx(0.5, abs=0.05)
    assert share.cpu_seconds == pytest.approx(10, rel=0.05)
    assert 0 < share.waited_seconds < PERIOD_SECONDS * 2
    compute(two, 1)
    assert two.threads.take_share().seconds == pytest.approx(1)


def test_nothing_computed_has_no_share(two):
    assert two.threads.take_share() is None


def test_where_the_system_does_not_tell_who_waited_nothing_is_said(two):
    two.now = replace(two.now, waited=None)
    two.others = 0
    two.pass_time = lambda seconds: setattr(two, "now", replace(two.now, time=two.now.time + seconds))
    compute(two, 1)
    assert two.threads.take_share().waited_seconds is None


def test_what_can_be_had_is_never_more_than_there_is():
    before = CpuCounters(0.0, 0.0, 0.0, (), None)
    assert available(before, CpuCounters(1.0, 2.5, 1.0, (), None), 2) == 2.0
    assert available(before, CpuCounters(1.0, 0.0, 0.0, (), None), 2) == 0.0


def test_the_real_counters_count():
    before = threads.read_counters()
    sum(number for number in range(3_000_000))
    after = threads.read_counters()
    assert after.own > before.own
    assert after.time - before.time >= (after.own - before.own) / len(machine.processors()) - 0.1
    assert after.waited is None or after.waited >= before.waited


def test_torch_is_told():
    kept = torch.get_num_threads()
    try:
        own = threads.govern(torch.device("cpu"), 1)
        assert (torch.get_num_threads(), own.most) == (1, 1)
    finally:
        torch.set_num_threads(kept)
        threads._own = None


def test_it_looks_around_in_the_middle_of_a_step_on_the_way_forward_and_back(monkeypatch):
    """A step of a large network takes seconds, in which others come and go."""
    looks = []
    monkeypatch.setattr(threads, "tick", lambda: looks.append(torch.get_num_threads()))
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    threads.tick_within(network)
    loss = network(torch.ones(4, 2)).sum()
    assert len(looks) == 3
    loss.backward()
    assert len(looks) == 6
    with torch.no_grad():
        network(torch.ones(4, 2))
    assert len(looks) == 9
