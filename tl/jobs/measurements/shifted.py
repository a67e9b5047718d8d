"""What finished runs' networks answer on shifted test pictures; what it found: tl.store.shifted."""

import sys

from tl.jobs.measurements.of_networks import OfNetworks
from tl.store.shifted import forget_progress, read_shifted

SHIFTED = OfNetworks(
    module="tl.jobs.measurements.shifted",
    name="shifted",
    lock="shifting.lock",
    command=(sys.executable, "-m", "tl.train.looking.shifted"),
    limit_seconds=3600.0,  # a dozen runs of a large network on a slow machine
    known=lambda home, run_id: read_shifted(home.run(run_id).shifted) is not None,
    first=forget_progress,
)
ask, working, measure, problem = SHIFTED.ask, SHIFTED.working, SHIFTED.measure, SHIFTED.problem

if __name__ == "__main__":
    SHIFTED.main(sys.argv[1:])
