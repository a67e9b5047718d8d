"""The pictures that a network is to work on where those it learns from look different: a second data set."""

from tl.ui.form_state import shared_key

TARGET, UNMATCHED = shared_key("target_dataset"), shared_key("unmatched")
OPEN = "form_open_target"
