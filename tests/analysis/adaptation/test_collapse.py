"""What goes wrong while a network is moved to other pictures: each kind is marked where it is, and nowhere else."""

import pandas as pd
import pytest

from tl.analysis.adaptation.collapse import Kind, collapse_sentences, marks


def epochs(**columns: list[float | None]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.array(values, "Float64") for name, values in columns.items()})


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"domain_accuracy": [0.51, 0.5, 0.52, 0.5]}, [(Kind.CHANCE, 1)]),
        ({"domain_accuracy": [0.9, 0.8, 0.6, 0.5]}, []),
        ({"domain_accuracy": [0.8, 0.995, 1.0, 1.0]}, [(Kind.CERTAIN, 2)]),
        ({"domain_accuracy": [1.0, 1.0, 1.0, 0.9]}, []),
        ({"predicted_classes": [12, 9, 8, 8]}, [(Kind.VANISHED, 2)]),
        ({"predicted_classes": [7, 11, 12, 12]}, []),
        ({"target_val_accuracy": [0.54, 0.5, 0.4, 0.3]}, [(Kind.FALLING, 1)]),
        ({"target_val_accuracy": [0.4, 0.5, 0.45]}, []),
        ({"adaptation_loss": [0.86, 0.86, 0.85]}, [(Kind.UNMOVED, 1)]),
        ({"adaptation_loss": [0.54, 0.47, 0.41]}, []),
        ({"adaptation_loss": [0.6, 0.6, 0.6], "domain_accuracy": [0.8, 0.7, 0.6]}, []),
        ({"estimated_accuracy": [None, 0.6, 0.5, 0.4]}, [(Kind.ESTIMATE_FALLS, 2)]),
        ({"estimated_accuracy": [0.9, 0.5, 0.4], "target_val_accuracy": [0.4, 0.4, 0.5]}, []),
        ({"domain_accuracy": [None] * 4, "predicted_classes": [None] * 4}, []),
        ({"val_accuracy": [0.1, 0.2, 0.3]}, []),
        ({"domain_accuracy": [0.5]}, []),
    ],
)
def test_marks(columns, expected):
    assert [(mark.kind, mark.epoch) for mark in marks(epochs(**columns), 12)] == expected


def test_a_collapse_is_said_with_its_runs_and_its_figures():
    bad = marks(epochs(predicted_classes=[12, 9, 8, 8], domain_accuracy=[0.9, 0.9, 0.8, 0.7]), 12)
    assert collapse_sentences("DANN", [bad, (), ()]) == [
        "DANN, 1 of 3 runs: from epoch 2 on it no longer named 4 classes at all on the target's pictures (a "
        "collapse: the other classes have swallowed them)."
    ]
    assert collapse_sentences("DANN", [(), ()]) == []
    falls = marks(epochs(estimated_accuracy=[0.6, 0.5, 0.45]), 12)
    assert collapse_sentences("DANN", [falls]) == [
        "DANN: after epoch 1 its accuracy on the target's pictures, as estimated without labels, fell by 15.0 points."
    ]
