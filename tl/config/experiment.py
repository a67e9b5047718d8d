"""Experiment -> arms x seeds -> RunConfig: all that a run needs is in its RunConfig, saved as JSON beside the results."""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from tl.arm_names import english_title
from tl.config.arm import ArmConfig, of_arm
from tl.config.names import ID_PATTERN, new_id
from tl.config.refusals import DIFFERENT, Refused, in_range, refusal, require
from tl.config.training import Training
from tl.languages import later, say
from tl.phases import Phase
from tl.strategies import STRATEGIES
from tl.words import plain

# Settings that a trainer decides where they hold this, and writes into the run's config.json.
DECIDED = {"precision": "auto"}
PLANNED_LOOKS = (3, 5, 10, 20)  # numbers of seeds at which a comparison that is to be settled is judged


@dataclass(frozen=True, kw_only=True)
class Final:
    """A finished run's recipe trained once more on all pictures, those of validation and test, too: none is left to test it."""

    of: str  # id of the run whose recipe it is
    epochs: int  # it ends after so many, those up to that run's best one; the schedule stays that of its whole budget
    phase_starts: tuple[int, ...] = (1,)  # epochs at which that run's phases began: nothing is left to decide them by

    def __post_init__(self) -> None:
        require(bool(ID_PATTERN.fullmatch(self.of)), "final_of", self.of, later("the id of a run"))
        in_range("final_epochs", self.epochs, 1, 1000)
        grows = self.phase_starts[:1] == (1,) and all(a < b for a, b in pairwise(self.phase_starts))
        require(grows, "final_phase_starts", self.phase_starts, later("rising epoch numbers from 1"))

    @classmethod
    def from_json(cls, document: dict[str, Any] | None) -> "Final | None":
        """What its dict, as JSON has it, stands for; None for None."""
        if document is None:
            return None
        return cls(**document | {"phase_starts": tuple(document["phase_starts"])})


@dataclass(frozen=True, kw_only=True)
class RunConfig(Training):
    """One arm with one seed: all that `python -m tl.train RUN_DIR` needs, saved as the run's config.json."""

    run_id: str  # 26 characters, sorts by age
    experiment_id: str  # the same for all arms and seeds of one experiment
    arm: ArmConfig  # how this run starts and what trains when
    arm_position: int  # place of the arm in its experiment, from 0: decides its colour and its turn
    seed: int  # decides initial head and weights, order and augmentation; the same seeds in every arm
    final: Final | None = None  # of a final model

    def decided(self, like: "RunConfig") -> "RunConfig":
        """The same, with what a trainer decided in the run `like` where it is open here."""
        return replace(
            self, **{name: getattr(like, name) for name, left in DECIDED.items() if getattr(self, name) == left}
        )

    @property
    def max_epochs(self) -> int:
        """Epochs this run may take."""
        return self.final.epochs if self.final else self.budget

    @property
    def budget(self) -> int:
        """Epochs by which its schedule goes."""
        return self.epochs_of(self.arm)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """What trains when in this run."""
        planned = self.phases_of(self.arm)
        if self.final is None:
            return planned
        began = zip(planned, self.final.phase_starts)  # those that were reached
        return tuple(replace(phase, start_epoch=start, patience=0) for phase, start in began)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict; `from_json` gives the same RunConfig back."""
        return super().to_json() | {"arm": self.arm.to_json()}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "RunConfig":
        """Read back what `to_json` wrote; unknown fields of newer versions are refused."""
        final = Final.from_json(document.get("final"))
        return cls(**cls._known(document) | {"arm": ArmConfig.from_json(document["arm"]), "final": final})


@dataclass(frozen=True, kw_only=True)
class Experiment(Training):
    """All arms x seeds on one data set, sample count and resolution."""

    arms: tuple[ArmConfig, ...] = field(default=())  # at least one; names are unique
    seeds: tuple[int, ...] = (0,)  # arms are paired by seed
    # Numbers of seeds at which it was judged or will be, where seeds were added; (): once, with all its seeds.
    looks: tuple[int, ...] = ()
    final: Final | None = None  # of a final model, whose only run it is

    def __post_init__(self) -> None:
        super().__post_init__()
        names = [arm.name for arm in self.arms]
        in_range("number_of_arms", len(names), 1, 8)
        shown = {plain(english_title(name)) for name in names}
        require(len(shown) == len(names), "arm_names", ", ".join(names), DIFFERENT)
        seeds = self.seeds
        in_range("number_of_seeds", len(seeds), 1, 100)
        require(len(set(seeds)) == len(seeds), "seeds", seeds, DIFFERENT)
        require(all(0 <= seed < 2**31 for seed in seeds), "seeds", seeds, later("whole numbers from 0 on"))
        for arm in self.arms:
            self.of(arm)
            if STRATEGIES[arm.strategy].needs_target and self.target_dataset is None:
                needs = say("it takes two data sets; name the one to work on (--target-dataset NAME).")
                raise Refused(of_arm(arm, needs))
        one_set = self.final is None or self.target_dataset is None
        require(one_set, "final", self.final, later("of a run that learned from one data set alone"))
        grows = all(0 < earlier < later for earlier, later in pairwise(self.looks))
        fits = not self.looks or (grows and self.looks[0] > 0 and self.looks[-1] == len(seeds))
        require(fits, "looks", self.looks, later("rising numbers of seeds that end with all of them"))
        alone = self.final is None or (
            len(names) == len(seeds) == 1 and self.final.epochs <= self.epochs_of(self.arms[0])
        )
        allowed = later("for one arm with one seed, with no more epochs than that arm may take")
        require(alone, "final", self.final, allowed)

    def runs(self, experiment_id: str) -> list[RunConfig]:
        """One RunConfig per seed and arm with fresh run ids, seed by seed: the order in which they are trained."""
        of_arms = [vars(self.of(arm)) for arm in self.arms]
        return [
            RunConfig(
                **of_arms[position],
                run_id=new_id(),
                experiment_id=experiment_id,
                arm=arm,
                arm_position=position,
                seed=seed,
                final=self.final,
            )
            for seed in self.seeds
            for position, arm in enumerate(self.arms)
        ]

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict; `from_json` gives the same Experiment back."""
        return super().to_json() | {"arms": tuple(arm.to_json() for arm in self.arms)}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Experiment":
        """Read back what `to_json` wrote; unknown fields of newer versions are refused."""
        arms = tuple(ArmConfig.from_json(arm) for arm in document["arms"])
        looks, final = tuple(document.get("looks", ())), Final.from_json(document.get("final"))
        own = {"arms": arms, "seeds": tuple(document["seeds"]), "looks": looks, "final": final}
        return cls(**cls._known(document) | own)


def listed_in(text: str) -> str:
    """A list that somebody typed, with the commas that are on their keyboard, joined by plain ones."""
    return text.replace("，", ",").replace("、", ",")


def parse_seeds(text: str) -> tuple[int, ...]:
    """`"3"` means three seeds 0, 1, 2; `"4,8"` names them, `"4,"` one. Raises Refused for anything else."""
    try:
        numbers = tuple(int(part) for part in listed_in(text).removesuffix(",").split(","))
    except ValueError:
        raise refusal("seeds is {text!r}; give a number of seeds (3) or a list (0,1,2).", text=text) from None
    if "," in text:
        return numbers
    in_range("number_of_seeds", numbers[0], 1, 100)
    return tuple(range(numbers[0]))
