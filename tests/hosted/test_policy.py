"""Every home carries a policy, however it was come by: on one's own computer everything may be done, in a demo less."""

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from tl.config import Refused, new_id
from tl.hosted.demo import Demo
from tl.hosted.limits import DemoLimits
from tl.policy import UNLIMITED, Policy
from tl.store.home import Home

ROOT = Path(__file__).parents[2]
LIMITED = {entry.name for entry in fields(DemoLimits)} & {entry.name for entry in fields(Policy)}


@pytest.fixture
def homes(tmp_path, monkeypatch) -> list[Home]:
    """One of each way to come by one."""
    monkeypatch.setenv("TL_HOME", str(tmp_path))
    visitor = Home().of(new_id())
    visitor.path.mkdir(parents=True)
    return [Home(), Home(tmp_path), visitor, Home(visitor.path), *Home().visitors(), visitor.run(new_id()).home]


@pytest.mark.parametrize("value", [None, "", "0"])
def test_at_home_everything_may_be_done_and_no_limit_is_read(homes, monkeypatch, value):
    monkeypatch.delenv("TL_HOSTED", raising=False)
    if value is not None:
        monkeypatch.setenv("TL_HOSTED", value)
    monkeypatch.setenv("TL_LIMIT_EPOCHS", "many")
    assert {home.policy for home in homes} == {UNLIMITED}
    assert UNLIMITED.without_places(str(ROOT)) == str(ROOT) and UNLIMITED.at_most("epochs", 900) == 900
    assert not [name for name in LIMITED if getattr(UNLIMITED, name)]


def test_in_a_demo_every_home_has_its_own_with_the_limits_that_hold(homes, monkeypatch):
    monkeypatch.setenv("TL_HOSTED", "1")
    monkeypatch.setenv("TL_LIMIT_EPOCHS", "7")
    for home in homes:
        assert isinstance(home.policy, Demo) and home.policy.home is home and home.policy is home.policy
        assert home.policy.epochs == home.policy.at_most("epochs", 900) == 7


def test_a_demo_says_something_else_of_everything_that_a_policy_leaves_open(homes, monkeypatch):
    monkeypatch.setenv("TL_HOSTED", "1")
    demo = homes[0].policy
    same = [entry.name for entry in fields(Policy) if getattr(demo, entry.name) == getattr(UNLIMITED, entry.name)]
    methods = {name for name in vars(Policy) if name[0] != "_" and callable(getattr(Policy, name))} - {"at_most"}
    assert not same and methods and methods <= vars(Demo).keys()


def test_a_doubtful_switch_is_refused_rather_than_ignored(homes, monkeypatch):
    monkeypatch.setenv("TL_HOSTED", "yes")
    with pytest.raises(Refused, match="^TL_HOSTED is 'yes'; set it to 1"):
        _ = homes[0].policy


def test_asking_it_costs_a_command_none_of_what_a_page_or_the_supervisor_needs(monkeypatch):
    monkeypatch.setenv("TL_HOSTED", "1")
    code = "import sys, json; from tl.store.home import Home; Home().policy.check_kept(0); print(json.dumps([*sys.modules]))"
    known = json.loads(subprocess.check_output([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT))
    assert "tl.hosted.quota" in known
    assert not {"numpy", "pandas", "pyarrow", "streamlit", "torch", "tl.jobs", "psutil"} & {*known}
