"""What a process may take that reads files of unknown origin: it ends itself, and nobody else, when that is not enough."""

import resource
from contextlib import suppress


def limit(num_bytes: int) -> None:
    """Leave this process `num_bytes` of memory besides its own, 64 open files, and no core dumps."""
    own = 0
    # The libraries' address space differs between systems.
    with suppress(OSError), open("/proc/self/statm", encoding="ascii") as sizes:
        own = int(sizes.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (own + num_bytes,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
