"""What two arms cost and how long they took, as typed and frozen values; `to_json` gives the keys of `compare --json`."""

from dataclasses import dataclass, is_dataclass
from typing import Any


def as_json(value: Any) -> Any:
    """A finding as JSON has it: by its own `to_json` where it has one, else by its fields; keys as text."""
    if hasattr(value, "to_json"):
        return value.to_json()
    if is_dataclass(value):
        return fields_as_json(value)
    if isinstance(value, dict):
        return {str(key): as_json(own) for key, own in value.items()}
    return [as_json(own) for own in value] if isinstance(value, tuple | list) else value


def fields_as_json(found: object, *but: str) -> dict[str, Any]:
    """The fields of a finding by their names, all `but` these."""
    return {name: as_json(value) for name, value in vars(found).items() if name not in but}


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """One number as a multiple of another, with its 95 % interval."""

    value: float
    low: float | None  # None where there is no interval
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Means over the pairs of runs in which both sides are known."""

    baseline: float | None
    arm: float | None


@dataclass(frozen=True, kw_only=True)
class Cost(Sides):
    """What whole runs of both sides cost."""

    ratio: Ratio | None  # the arm's as a multiple of the baseline's

    def to_json(self) -> dict[str, Any]:
        """Both sides, and the ratio with its interval beside them."""
        ratio = self.ratio
        bounds = {"low": ratio and ratio.low, "high": ratio and ratio.high}
        return {"baseline": self.baseline, "arm": self.arm, "ratio": ratio and ratio.value} | bounds


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What an arm costs against the baseline."""

    seconds: Cost  # computing time
    images: Cost  # training pictures seen
    epochs: Cost
    memory_bytes: Cost
    energy_joules: Cost
    flops: Cost


@dataclass(frozen=True, kw_only=True)
class SideTime:
    """How long one side took to the target, as means over its runs."""

    seconds: float | None  # None where a run never got there
    epochs: float | None
    images: float | None
    reached: int  # runs that got there
    not_reached_in: float | None  # seconds the first run to give up had; None where all got there
    seconds_at_least: float | None  # the mean is above this one; None where all got there


@dataclass(frozen=True, kw_only=True)
class TimeToTarget:
    """How long both sides took to the first evaluation at or above the target."""

    target_accuracy: float | None  # None where there is nothing to time
    near_chance: bool  # whether the target is close to what guessing reaches, which is why there is nothing to time
    runs: int  # of each side
    baseline: SideTime
    arm: SideTime
    speedup: Ratio | None  # the baseline's time as a multiple of the arm's; None where a run never got there
    disturbed_epochs: int = (
        0  # of both sides; they count with the time they would have taken alone (tl.analysis.undisturbed)
    )
    # Whether there were undisturbed ones for each, on one kind of device; else no seconds are given.
    comparable: bool = True
    devices: tuple[str, ...] = ()  # of both sides of a seed, where these are of two kinds
    reused_seconds: float = 0.0  # of the runs of both sides: spent by other runs, and counted as if by these

    @property
    def speedup_at_least(self) -> float | None:
        """Where runs of the baseline never got there."""
        slow, quick = self.baseline.seconds_at_least, self.arm.seconds
        return slow / quick if quick and slow else None

    @property
    def speedup_at_most(self) -> float | None:
        """Where runs of the arm never got there."""
        slow, quick = self.baseline.seconds, self.arm.seconds_at_least
        return slow / quick if quick and slow else None

    @property
    def saved(self) -> float | None:
        """Share of the baseline's time; negative where the arm took longer."""
        return 1 - 1 / self.speedup.value if self.speedup else None

    def to_json(self) -> dict[str, Any]:
        """Everything on one level, the sides as prefixes."""
        own, speedup = fields_as_json(self), self.speedup
        sides = {f"{side}_{name}": value for side in ("baseline", "arm") for name, value in own.pop(side).items()}
        return own | {
            **sides,
            "speedup": speedup and speedup.value,
            "speedup_low": speedup and speedup.low,
            "speedup_high": speedup and speedup.high,
            "speedup_at_least": self.speedup_at_least,
            "speedup_at_most": self.speedup_at_most,
            "saved": self.saved,
        }
