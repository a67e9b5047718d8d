"""Where a network that is unsure had better say "none of these": what a threshold on its probability gives and costs."""

from dataclasses import dataclass

import numpy as np

from tl.store.predictions import Predictions


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """What one network does on n pictures if it only answers where it is at least so sure."""

    pictures: int  # n
    answered: int  # of them: its probability reaches the threshold
    right: int  # of the answered
    right_without: int  # of all, if it always answers

    @property
    def coverage(self) -> float:
        """Share of the pictures that get an answer, 0..1."""
        return self.answered / self.pictures

    @property
    def accuracy(self) -> float | None:
        """Share of the answers that are right, 0..1; None where there are none."""
        return self.right / self.answered if self.answered else None

    @property
    def lost(self) -> float | None:
        """Share of the right answers that are given up, 0..1; None where none is right."""
        return (self.right_without - self.right) / self.right_without if self.right_without else None


def at_threshold(answers: Predictions, threshold: float) -> Threshold:
    """What `threshold` (0..1) on the probability of the answer does. Probabilities are stored in half precision."""
    sure = answers.probabilities.max(1) >= np.float16(threshold)
    return Threshold(
        pictures=len(sure),
        answered=int(sure.sum()),
        right=int((answers.right & sure).sum()),
        right_without=int(answers.right.sum()),
    )
