"""THE ONLY PACKAGE THAT IMPORTS TORCH; nothing imports it: it is started as `python -m tl.train RUN_DIR`."""
