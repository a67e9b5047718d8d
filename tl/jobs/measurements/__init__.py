"""Small computing beside the runs, giving way to them."""
