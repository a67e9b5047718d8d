"""Commands with a stdout that takes ASCII or ISO-8859-1 only, as on an old terminal or in a pipe."""

import pytest

from tests.cli.commands import tl


@pytest.mark.usefixtures("supervisor")
@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1"])
def test_a_comparison_of_arms_with_any_name_prints_its_result(home, encoding):
    arms = "scratch:name=quick,scratch:name=quick Löwenzahn −…花"
    answer = tl(home, "compare", "--samples", "20", "--arms", arms, "--seeds", "1", PYTHONIOENCODING=encoding)
    assert answer.returncode == 0, answer.stderr
    assert "Error" not in answer.stderr and answer.stdout.count("finished") == 2
    for command in (["runs"], ["advise"], ["datasets", "--json"], ["compare", "--help"]):
        answer = tl(home, *command, PYTHONIOENCODING=encoding)
        assert (answer.returncode, "Error" in answer.stderr) == (0, False), answer.stderr
        assert answer.stdout
