"""The same sub-folders under several folders: photo/cat, sketch/cat. The outer ones may be domains, or the classes."""

from collections import defaultdict
from collections.abc import Sequence

from tl.datasets.intake.layouts import vocabulary as words

SAME = 0.5  # share of sub-folders that two folders have in common to be alike
AS_DOMAINS = 35.0  # likelihood that the inner folders gain where the outer ones are called like domains


def alike(rests: Sequence[tuple[str, ...]]) -> bool:
    """Whether most outer folders hold the same sub-folders, `rests` being the folders of each picture."""
    inside: dict[str, set[str]] = defaultdict(set)
    for rest in rests:
        if len(rest) > 1:
            inside[rest[0]].add(rest[1].casefold())
    if len(inside) < 2:
        return False
    every = set.union(*inside.values())
    return len(every) > 1 and sum(len(own) for own in inside.values()) >= SAME * len(every) * len(inside)


def domains(rests: Sequence[tuple[str, ...]]) -> float:
    """What speaks for the outer folders being domains: AS_DOMAINS, or 0 where nothing does."""
    outer = {rest[0] for rest in rests if rest}
    named = sum(words.is_domain(name) for name in outer)
    return AS_DOMAINS if alike(rests) and 2 * named > len(outer) else 0.0
