"""`python -m tl compare`: train the arms of an experiment, show how they go, print the verdict."""

import argparse
from collections.abc import Collection, Iterable
from typing import Any

from tl import jobs
from tl.analysis import power
from tl.analysis.experiment_results import ExperimentResult, RunSummary
from tl.analysis.unplanned import notes
from tl.arm_names import arm_title
from tl.cli.experiment_options import add_experiment_options, experiment_of
from tl.cli.parser import add_command, add_verdict_options, verdict_options
from tl.cli.text_table import listing
from tl.cli.until_settled import add_options, as_document, experiment_and_plan, follow
from tl.cli.watch import FAILED, describe_end, percent, tell
from tl.config import Experiment
from tl.differences import networks, sides, transferred_words
from tl.effects import before_training
from tl.jobs.listing import RunEntry
from tl.jobs.shortage import shortage
from tl.languages import joined, later, say
from tl.output import print_json
from tl.store.home import Home
from tl.store.queue import database, settle_plan
from tl.store.queue.schema import ACTIVE
from tl.words import status_name

INTERRUPTED = 130  # exit status after Ctrl-C


def add_commands(commands: Any) -> None:
    parser = add_command(
        commands,
        "compare",
        compare,
        say("Train the same network from scratch and from pretrained weights, and compare."),
        trains=True,
    )
    add_experiment_options(parser)
    add_options(parser)
    add_verdict_options(parser)


def compare(arguments: argparse.Namespace) -> int:
    """Exit status 0: all runs finished, or were stopped because somebody wanted it; 1: one failed."""
    home, experiment = arguments.home, experiment_of(arguments)
    options = verdict_options(arguments, experiment)
    experiment, plan = experiment_and_plan(arguments, experiment, options)
    experiment_id = jobs.submit(home, experiment, settle=plan)
    tell_power(home, experiment)
    return finish(home, experiment_id, arguments.json, options)


def finish(home: Home, experiment_id: str, as_json: bool, options: dict[str, Any], known: Collection[str] = ()) -> int:
    """Wait until nothing more comes of an experiment, print its result; exit status as of `compare`.

    Runs that are `known` have ended before. `options` as tl.analysis.experiment.experiment_result takes them.
    """
    try:
        from tl.analysis.experiment import experiment_result  # pandas: while the first trainer, too, is still importing

        runs = follow(home, experiment_id, set(known))
    except KeyboardInterrupt:
        stop_all(home, [experiment_id])
        for run in jobs.list_runs(home, experiment_id):
            if run.status != "finished":
                command = f"python -m tl resume {run.run_id} --home {home.path}"  # not shown
                tell(f"  {command}   # {run.arm}")
        if database.read_experiment(home, experiment_id)["settling"]:
            then = say("then, until settled")
            tell(f"  python -m tl settle {experiment_id} --home {home.path}   # {then}")  # not shown
        return INTERRUPTED
    told = as_document(home, experiment_id)
    document = experiment_result(home, experiment_id, **options)
    if as_json:
        print_json(document.to_json() | told)
    else:
        experiment = database.read_experiment(home, experiment_id)["experiment"]
        run_ids = [run.run_id for run in runs]
        print(f"{heading(home, experiment, f'{experiment.samples:,}', run_ids)}\n\n{as_text(document)}")
        for line in notes(experiment.arms, runs):
            print(f"\n{line}")
        if told["settling"]:
            print(f"\n{told['settling']['text']}")
    failed = told["settling"] is not None and told["settling"]["ended"] == "failed"
    return max(exit_status([run for run in runs if run.run_id not in known]), int(failed))


def tell_power(home: Home, experiment: Experiment) -> None:
    """Say on stderr what the test pictures can show at all, whether memory suffices, what the weights' licence restricts,
    and which arms don't train what they should."""
    from tl import datasets, sources  # pandas
    from tl.sources.licences import in_words, restricts

    tell(power.sentence(datasets.describe_for(home, experiment).test))
    if words := shortage(experiment):
        tell(words)
    for source in sources.used(home, experiment):
        if restricts(source.licence):
            text = later("Licence of the weights “{title}”: {licence}.")
            tell(say(text, title=source.title, licence=in_words(source.licence)))
    for arm in experiment.arms:
        if words := before_training(experiment, arm):
            tell(say("{arm}: {words}", arm=arm_title(arm.name), words=words))


def exit_status(runs: list[RunEntry]) -> int:
    """1 where one of the runs failed, else 0; says on stderr what became of those that did not finish."""
    unfinished = [run for run in runs if run.status != "finished"]
    for run in unfinished:
        how = describe_end(run)
        tell(say("Run {id} ({arm}, seed {seed}) {how}", id=run.run_id, arm=run.arm, seed=run.seed, how=how))
    return int(any(run.status in FAILED for run in unfinished))


def heading(home: Home, experiment: Experiment, sizes: str, run_ids: Iterable[str]) -> str:
    """What was compared on what, `sizes` of pictures in words; says where pictures are drawn by the computer.

    Imported runs bring their data set's title with them; of one that was deleted its name is said.
    """
    from tl.analysis.experiment import pictures_of  # pandas

    info = pictures_of(home, experiment, run_ids)
    title = info.title if info else say("{name} (no longer here)", name=" → ".join(experiment.sets))
    return say(
        "{network} on {title}, {sizes} training pictures at {sides}",
        network=networks(experiment),
        title=title,
        sizes=sizes,
        sides=sides(experiment),
    )


def _seconds(run: RunSummary) -> str:
    if run.elapsed_seconds is None:
        return "-"
    if run.reused_seconds:
        text = later("{seconds:.1f} s, {reused:.1f} s reused")
        return say(text, seconds=run.elapsed_seconds, reused=run.reused_seconds)
    return say("{seconds:.1f} s", seconds=run.elapsed_seconds)


def as_text(document: ExperimentResult) -> str:
    """The result of a comparison for people."""
    summary = document.verdict.summary
    own = any(entry.differs for entry in document.verdict.comparisons.values())
    rows = [
        {
            later("arm"): name,
            **({later("network"): transferred_words(vars(summary[name]))} if own else {}),
            later("seed"): run.seed,
            later("status"): status_name(run.status),
            later("epochs"): run.epochs,
            later("best validation"): percent(run.best_val_accuracy),
            later("test"): percent(run.test_accuracy),
            later("training time"): _seconds(run),
        }
        for name, arm in document.arms.items()
        for run in arm.runs
    ]
    from tl.analysis.claim_wording import covers  # numpy

    told: list[str] = [joined([document.verdict.text, covers(document.verdict)])]
    if document.adaptation and document.adaptation.text:
        told.append("\n".join(document.adaptation.text))
    return "\n\n".join([listing(rows), *told])


def stop_all(home: Home, experiment_ids: Iterable[str]) -> None:
    """End what has not ended of these experiments, after Ctrl-C; the caller says how to go on."""
    tell(f"\n{say('Stopping ...')}")
    ids = list(experiment_ids)
    for own in ids:
        settle_plan.end(home, own, "stopped")
    jobs.stop_all(home, [row.run_id for own in ids for row in database.read_runs(home, own, ACTIVE)])
    tell(say("Stopped; what was trained so far is kept. To go on:"))
