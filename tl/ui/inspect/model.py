"""The network that is looked at, to take home."""

from tl.ui.inspect.choice import Choice
from tl.ui.watch import take_home


def show(choice: Choice) -> None:
    if run := choice.run(choice.arm):
        take_home.show_run(choice.home, run, "inspect")
