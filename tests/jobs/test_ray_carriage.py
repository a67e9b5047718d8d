"""What goes to and from a node of Ray's in a thread of its own: with a stand-in for Ray, and for the node."""

import types

import pytest
from lab import until

from tl import jobs
from tl.config import ArmConfig, Experiment, Refused
from tl.jobs.launchers.node_cache import PieceDamaged
from tl.jobs.launchers.ray_carrier import Carriage, RayNode, passed, said
from tl.store.queue import database


class ActorUnavailable(Exception):
    pass


class ActorGone(Exception):
    pass


class Ray:
    """Answers are there at once, as what `do` gives or what it raises."""

    exceptions = types.SimpleNamespace(ActorUnavailableError=ActorUnavailable, RayActorError=ActorGone)

    def wait(self, answers, timeout):
        return answers, []

    def get(self, answer):
        return answer()


class Actor:
    """A node that is called by Ray's words."""

    def __init__(self, **methods):
        self.methods, self.called = methods, []
        self.do = types.SimpleNamespace(remote=self._do)

    def _do(self, what, *about):
        self.called.append(what)
        return lambda: said(self.methods[what], *about)


def raising(error):
    def method(*_):
        raise error

    return method


@pytest.fixture
def run(home):
    arm = ArmConfig(name="a", strategy="scratch")
    experiment_id = jobs.submit(home, Experiment(dataset="blossoms", samples=20, arms=(arm,)))
    [row] = database.read_runs(home, experiment_id)
    return home.run(row.run_id)


def ready(**methods) -> Actor:
    nothing = {"number": 1, "files": [], "gone": []}
    usual = {"wants": lambda _: {"missing": [], "busy": False}, "put": lambda *_: None, "begin": lambda _: None}
    return Actor(**usual | {"look": lambda _: nothing} | methods)


def test_a_run_is_brought_then_fetched_until_it_has_ended_and_once_more(run):
    carriage = Carriage(Ray(), actor := ready(), run, None)
    until(lambda: carriage.since)
    assert not carriage.finish(0) or "look" in actor.called
    assert carriage.finish(5) and not carriage.lost and carriage.problem is None
    assert actor.called[0] == "wants" and actor.called[-1] == "look"


def test_one_whose_trainer_works_already_is_only_fetched(run):
    carriage = Carriage(Ray(), actor := ready(), run, 7.0)
    until(lambda: actor.called)
    assert carriage.since is not None and carriage.finish(5) and {*actor.called} == {"look"}


def test_what_a_node_refuses_is_said_in_the_log_and_is_the_end(run):
    carriage = Carriage(Ray(), ready(wants=raising(Refused("There is no room."))), run, None)
    until(lambda: carriage.problem)
    assert carriage.problem == "There is no room." and run.log.read_text() == "There is no room.\n"
    assert carriage.finish(5)


@pytest.mark.parametrize("passing", [OSError("disk full"), PieceDamaged("cut"), ActorUnavailable("away")])
def test_what_passes_is_tried_again_and_nothing_has_ended_meanwhile(run, passing):
    actor = ready(look=raising(passing))
    if isinstance(passing, ActorUnavailable):
        actor._do = lambda *_: raising(passing)
        actor.do.remote = actor._do
    carriage = Carriage(Ray(), actor, run, 7.0)
    assert not carriage.finish(0.3)
    actor.methods["look"], actor.do.remote = ready().methods["look"], Actor._do.__get__(actor)
    assert carriage.finish(5) and not carriage.lost


def test_an_actor_that_is_gone_is_lost(run):
    actor = ready()
    actor.do.remote = lambda *_: raising(ActorGone("node died"))
    carriage = Carriage(Ray(), actor, run, 7.0)
    assert carriage.finish(5) and carriage.lost


def test_nothing_comes_back_once_it_is_dropped(run):
    looks: list = []
    carriage = Carriage(Ray(), ready(look=lambda number: looks.append(number)), run, 7.0)
    until(lambda: looks)
    carriage.drop()
    asked = len(looks)
    assert carriage.finish(0.1) and len(looks) == asked


def test_answers_and_failures_come_through_as_what_they_are():
    node = RayNode(Ray(), Actor(a=lambda x: x + 1, b=raising(PieceDamaged("cut")), c=raising(OSError("full"))), None)
    assert node.a(1) == 2
    with pytest.raises(PieceDamaged, match="cut"):
        node.b()
    with pytest.raises(OSError, match="full"):
        node.c()


def test_a_node_is_told_neither_folders_of_this_machine_nor_where_to_keep_things(monkeypatch):
    for name in (
        "TL_HOME",
        "TL_HOSTED",
        "TL_RAY_CACHE",
        "TL_RAY_CACHE_GB",
        "HF_HOME",
        "HF_ENDPOINT",
        "TORCH_HOME",
        "ELSE",
    ):
        monkeypatch.setenv(name, "x")
    assert {"TL_HOSTED", "HF_ENDPOINT"} <= passed().keys()
    assert not passed().keys() & {"TL_HOME", "TL_RAY_CACHE", "TL_RAY_CACHE_GB", "HF_HOME", "TORCH_HOME", "ELSE"}
