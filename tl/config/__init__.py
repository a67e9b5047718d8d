"""Experiment -> arms x seeds -> RunConfig: the contract between the page, the command line and the trainer.

Imports neither torch nor streamlit.
"""

from tl.config.arm import TRANSFERRED, ArmConfig
from tl.config.experiment import PLANNED_LOOKS, Experiment, Final, RunConfig
from tl.config.names import ID_PATTERN, NAME_PATTERN, new_id
from tl.config.refusals import Newer, Refused, newer, refusal
from tl.config.training import ACCURACY, AUTO, BALANCED_ACCURACY, RESOLUTIONS, Training

__all__ = [
    "ACCURACY",
    "AUTO",
    "BALANCED_ACCURACY",
    "ID_PATTERN",
    "NAME_PATTERN",
    "PLANNED_LOOKS",
    "RESOLUTIONS",
    "TRANSFERRED",
    "ArmConfig",
    "Experiment",
    "Final",
    "Newer",
    "Refused",
    "RunConfig",
    "Training",
    "new_id",
    "newer",
    "refusal",
]
