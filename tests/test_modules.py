"""Every module of the program can be imported: no name was moved away from under another one."""

import importlib
import pkgutil

import pytest

import tl


@pytest.mark.parametrize("name", [module.name for module in pkgutil.walk_packages(tl.__path__, "tl.")])
def test_a_module_can_be_imported(name):
    importlib.import_module(name)
