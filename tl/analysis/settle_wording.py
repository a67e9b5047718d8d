"""How an experiment that is run until it is settled is told: each look, how far it is, why it ended. No pandas."""

from tl.config import Experiment
from tl.store.settling import Settling
from tl.words import count, number_of

OUTCOMES = {
    "helps": "helps",
    "hurts": "hurts",
    "no_difference": "no difference that matters",
    "undecided": "undecided",
}


def looks_of(experiment: Experiment) -> tuple[int, ...]:
    """At how many seeds the experiment is judged, what is under way included."""
    return experiment.looks or (len(experiment.seeds),)


def look(experiment: Experiment, seeds: int, outcome: str) -> str:
    """One look at it: "Look 2 at 5 seeds: undecided; 5 more seeds"."""
    looks = looks_of(experiment)
    place = looks.index(seeds) if seeds in looks else len(looks) - 1
    more = looks[place + 1] - seeds if place + 1 < len(looks) else 0
    text = f"Look {place + 1} at {number_of(seeds, 'seed')}: {OUTCOMES.get(outcome, outcome)}"
    return f"{text}; {more} more seed{'' if more == 1 else 's'}" if more else text


def under_way(experiment: Experiment, plan: Settling, spent_seconds: float) -> str:
    """How far it is: "Settling: look 2 at 5 seeds of at most 20, 12 of at most 60 minutes"."""
    number, seeds = len(looks_of(experiment)), len(experiment.seeds)
    minutes = f"{count(int(spent_seconds // 60))} of at most {number_of(plan.at_most_minutes, 'minute')}"
    return f"Settling: look {number} at {number_of(seeds, 'seed')} of at most {plan.at_most_seeds}, {minutes}"


def why_ended(experiment: Experiment, plan: Settling) -> str:
    """Why no more seeds were added, in a sentence or two; the plan has ended."""
    seeds = number_of(len(experiment.seeds), "seed")
    if plan.ended in ("stopped", "failed"):
        return f"No more seeds were added. {plan.message}" if plan.message else "Stopped by hand: no more seeds."
    if plan.ended == "seeds" and plan.message:
        return f"Still undecided with {seeds}, and no more can be added here: {plan.message}"
    return {
        "decided": f"Settled with {seeds}.",
        "seeds": f"Still undecided with {seeds}, the most that were allowed.",
        "minutes": f"Still undecided with {seeds}; the next look would not end within the "
        f"{number_of(plan.at_most_minutes, 'minute')} allowed.",
        "pictures": "Still undecided, and more seeds can't change that: there are too few test pictures, or no arm did better "
        "than chance.",
    }[plan.ended or ""]
