"""How an experiment that is run until it is settled is told: each look, how far it is, why it ended. No pandas."""

from tl.config import Experiment
from tl.languages import joined, later, plural, say
from tl.store.queue.settle_plan import SettlePlan
from tl.words import count, number_of

OUTCOMES = {
    "helps": later("helps"),
    "hurts": later("hurts"),
    "no_difference": later("no difference that matters"),
    "undecided": later("undecided"),
}


def looks_of(experiment: Experiment) -> tuple[int, ...]:
    """At how many seeds the experiment is judged, what is under way included."""
    return experiment.looks or (len(experiment.seeds),)


def look(experiment: Experiment, seeds: int, outcome: str) -> str:
    """One look at it: "Look 2 at 5 seeds: undecided; 5 more seeds"."""
    looks = looks_of(experiment)
    place = looks.index(seeds) if seeds in looks else len(looks) - 1
    more = looks[place + 1] - seeds if place + 1 < len(looks) else 0
    words = say(OUTCOMES[outcome]) if outcome in OUTCOMES else outcome
    values = {"look": place + 1, "seeds": number_of(seeds, "seed"), "outcome": words}
    if not more:
        return say("Look {look} at {seeds}: {outcome}", **values)
    return plural(
        "Look {look} at {seeds}: {outcome}; {number} more seed",
        "Look {look} at {seeds}: {outcome}; {number} more seeds",
        more,
        **values,
    )


def under_way(experiment: Experiment, plan: SettlePlan, spent_seconds: float) -> str:
    """How far it is: "Settling: look 2 at 5 seeds of at most 20, 12 of at most 60 minutes"."""
    return say(
        "Settling: look {look} at {seeds} of at most {most}, {spent} of at most {minutes}",
        look=len(looks_of(experiment)),
        seeds=number_of(len(experiment.seeds), "seed"),
        most=plan.at_most_seeds,
        spent=count(int(spent_seconds // 60)),
        minutes=number_of(plan.at_most_minutes, "minute"),
    )


def why_ended(experiment: Experiment, plan: SettlePlan) -> str:
    """Why no more seeds were added, in a sentence or two; the plan has ended."""
    seeds = number_of(len(experiment.seeds), "seed")
    if plan.ended in ("stopped", "failed"):
        if plan.message:
            return joined([say("No more seeds were added."), plan.message])
        return say("Stopped by hand: no more seeds.")
    if plan.ended == "seeds" and plan.message:
        return say("Still undecided with {seeds}, and no more can be added here: {why}", seeds=seeds, why=plan.message)
    if plan.ended == "decided":
        return say("Settled with {seeds}.", seeds=seeds)
    if plan.ended == "seeds":
        return say("Still undecided with {seeds}, the most that were allowed.", seeds=seeds)
    if plan.ended == "minutes":
        return say(
            "Still undecided with {seeds}; the next look would not end within the {minutes} allowed.",
            seeds=seeds,
            minutes=number_of(plan.at_most_minutes, "minute"),
        )
    return say(
        "Still undecided, and more seeds can't change that: there are too few test pictures, or no arm did better than chance."
    )
