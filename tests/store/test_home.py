"""Homes: one folder locally, one workspace per visitor under a shared root where hosted."""

import re

import pytest

from tl.config import ID_PATTERN, Refused, new_id
from tl.store.home import Home, owner_of

OWNER = owner_of("a secret")


def test_a_local_home_is_its_own_root_and_nobodys(tmp_path):
    home = Home(tmp_path)
    assert (home.path, home.root, home.owner) == (tmp_path, tmp_path, None)
    assert home.of(None).path == tmp_path


def test_a_visitors_workspace_shares_queue_locks_downloads_and_speeds(tmp_path):
    home = Home(tmp_path).of(OWNER)
    assert home.owner == OWNER
    for shared in ("database_path", "locks_dir", "downloads_dir", "probes_path"):
        assert getattr(home, shared) == getattr(Home(tmp_path), shared), shared
    kept = ("datasets_dir", "library_dir", "runs_dir", "trash_dir", "features_dir", "hints_path", "advice_dir")
    for own in (*kept, "forecasts_dir", "estimates_dir", "probe_curves_dir", "out_of_fold_dir"):
        assert getattr(home, own).is_relative_to(tmp_path / "visitors" / OWNER), own


def test_a_run_and_a_path_know_whose_they_are(tmp_path):
    home = Home(tmp_path).of(OWNER)
    assert Home(str(home.path)).owner == OWNER
    run = home.run(new_id())
    assert (run.home.owner, run.home.root) == (OWNER, tmp_path)


@pytest.mark.parametrize("owner", ["", "..", "../..", "x" * 26, OWNER.upper(), OWNER + "/", OWNER[:-1]])
def test_what_can_not_be_an_owner_leads_to_no_folder(tmp_path, owner):
    with pytest.raises(Refused, match="owner"):
        Home(tmp_path).of(owner)


def test_owners_are_ids_that_differ_with_the_secret():
    owners = {owner_of(str(number)) for number in range(1000)}
    assert len(owners) == 1000
    assert all(ID_PATTERN.fullmatch(owner) for owner in owners)
    assert not re.search("secret", OWNER)


def test_only_workspaces_are_listed_as_visitors(tmp_path):
    assert list(Home(tmp_path).visitors()) == []
    for name in (OWNER, "notes", ".incoming"):
        (tmp_path / "visitors" / name).mkdir(parents=True)
    assert [home.owner for home in Home(tmp_path).visitors()] == [OWNER]
