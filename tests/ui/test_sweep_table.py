"""The table of a sweep has a column for everything, whatever the arms are called in whatever language."""

from types import SimpleNamespace

import pytest

from tl.languages import say, speaking
from tl.ui.watch import sweep_view


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_arm_may_be_called_as_a_column_is(language, monkeypatch):
    monkeypatch.setattr(sweep_view, "accuracy_with_interval", lambda accuracy, seeds: "90 %")
    reached = {100: SimpleNamespace(seconds=3.0, accuracy=0.9, seeds=1)}
    found = SimpleNamespace(sizes=[100], arms={"a": reached, "b": reached}, comparisons={}, works_on=None)
    with speaking(language):
        name = str(say("pictures"))
        columns = sweep_view.size_columns(found, {"a": name, "b": "other"})
    assert columns[name] == ["100"] and columns[f"{name} (1)"] == columns["other"] == ["90 %"]
