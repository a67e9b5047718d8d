"""Two arms of a sweep whose numbers are made up."""

import numpy as np

from tl.analysis.data_size import Pairs


def pairs_of(
    baseline: dict, arm: dict, rights: tuple[dict, dict] | None = None, test_share: float | None = 0.0
) -> Pairs:
    """Of size -> seed -> error of both arms, and where `rights` are known size -> seed -> (N,) whether answers were right."""
    common = {size: sorted(set(baseline[size]) & set(arm[size])) for size in sorted(set(baseline) & set(arm))}
    common = {size: seeds for size, seeds in common.items() if seeds}
    sides = [
        [np.array([side[size][seed] for seed in seeds]) for size, seeds in common.items()] for side in (baseline, arm)
    ]
    answers = None
    if rights:
        answers = [
            tuple(np.stack([side[size][seed] for seed in seeds]).astype(float) for side in rights)
            for size, seeds in common.items()
        ]
    return Pairs(np.array(list(common), dtype=float), *sides, rights=answers, test_share=test_share)
