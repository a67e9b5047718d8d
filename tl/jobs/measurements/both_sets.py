"""What networks of runs see in pictures of both data sets, before and after; what it found: tl.store.both_sets."""

import sys
from pathlib import Path

from tl.jobs.measurements.of_networks import OfNetworks
from tl.store.both_sets import read_both_sets, write_both_sets
from tl.store.home import Home


def _keep(home: Home, run_id: str, file: Path) -> None:
    import numpy as np

    from tl.analysis.adaptation.both_sets import both_sets

    with np.load(file, allow_pickle=False) as found:
        write_both_sets(home.run(run_id).both_sets, both_sets(found))


BOTH_SETS = OfNetworks(
    module="tl.jobs.measurements.both_sets",
    name="both_sets",
    lock="both_sets.lock",
    command=(sys.executable, "-m", "tl.train.looking.both_sets"),
    limit_seconds=1800.0,  # several large networks on a slow machine, and pictures to decode before
    known=lambda home, run_id: read_both_sets(home.run(run_id).both_sets) is not None,
    keep=_keep,
)
ask, working, measure, problem = BOTH_SETS.ask, BOTH_SETS.working, BOTH_SETS.measure, BOTH_SETS.problem

if __name__ == "__main__":
    BOTH_SETS.main(sys.argv[1:])
