"""The process in which a stranger's pattern meets file names: `python -P -m tl.decoding.names`, JSON on stdin and stdout.

A pattern can take for ever, and nothing in a thread can end it: the kernel ends this process.
"""

import json
import re
import resource
import sys

CPU_SECONDS = 3
MEMORY_BYTES = 512 * 1024**2


def found(pattern: str, names: list[str]) -> list[str]:
    """Per name what the first group of the pattern holds, without groups the whole match; "" where it matches nothing.

    Raises re.error for what is no pattern.
    """
    expression = re.compile(pattern)
    group = 1 if expression.groups else 0
    matches = map(expression.search, names)
    return [(match.group(group) or "") if match else "" for match in matches]


def main() -> None:
    """Answer the one task, {"pattern", "names"}: {"found": [...]}, or {"error": why the pattern is none}."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    task = json.load(sys.stdin)
    try:
        json.dump({"found": found(task["pattern"], task["names"])}, sys.stdout)
    except (re.error, OverflowError, RecursionError) as problem:
        json.dump({"error": str(problem)}, sys.stdout)


if __name__ == "__main__":
    main()
