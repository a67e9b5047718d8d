"""`python -m tl compare`: train the arms of an experiment, show how they go, print the verdict."""

import argparse
import sys
from collections.abc import Collection, Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from tl import jobs
from tl.analysis import power
from tl.analysis.experiment_results import ExperimentResult, RunSummary
from tl.analysis.unplanned import notes
from tl.arms import SETTINGS, parse_arms, value_type
from tl.backbones import listed
from tl.cli.parser import Parser, add_command, add_verdict_options, dataset_name, decimal, verdict_options
from tl.cli.settling import add_options, as_document, follow, wanted
from tl.cli.table import table
from tl.cli.watch import FAILED, describe_end, percent
from tl.config import Experiment, Refused, Training
from tl.config.experiment import parse_seeds
from tl.config.training import BALANCES, BATCHNORMS, JUDGES, PRECISIONS, UNMATCHED, VIEWS_BY
from tl.differences import networks, sides, transferred_words
from tl.effects import before_training, idle
from tl.jobs import own_weights
from tl.jobs.listing import RunEntry
from tl.jobs.shortage import shortage
from tl.languages import joined, later, say
from tl.output import print_json
from tl.schedules import OPTIMIZERS, SCHEDULES
from tl.setting_names import called
from tl.store import database, settling
from tl.store.home import Home
from tl.store.schema import ACTIVE
from tl.strategies import STRATEGIES, arm_title
from tl.words import status_name

DEFAULT_ARMS = "scratch,full_finetuning"
DEFAULT_DATASET = "blossoms"
DATA_SETS = ("dataset", "target_dataset")
INTERRUPTED = 130  # exit status after Ctrl-C

# One line for each field of Training; the option is the field's name with dashes. {choices} are of CHOICES.
HELP = {
    "dataset": later("name of a data set, see `python -m tl datasets`; default {choices}"),
    "target_dataset": later(
        "name of the data set that it is to work on, where that looks different: its labels are used to test, and in "
        "training only by target_few and target_full"
    ),
    "unmatched": later("what becomes of classes that only one of the two has: {choices}"),
    "samples": later("training pictures, stratified and nested; default: all"),
    "backbone": later("network: {choices}"),
    "weights": later("what pretrained arms start from where they don't say"),
    "resolution": later("side of the square the network sees, pixels"),
    "epochs": later("at most, for arms without epochs of their own"),
    "batch_size": later("pictures a step"),
    "optimizer": "{choices}",
    "weight_decay": later("decoupled for adamw, L2 for the others; l2_sp has its anchor instead"),
    "schedule": later("how the learning rate moves over all epochs, whatever trains when: {choices}"),
    "step_epochs": later("schedule step: epochs between two cuts"),
    "step_factor": later("schedule step: factor of each cut"),
    "patience": later("stop after so many epochs without a lower validation loss; 0: never"),
    "patience_start": later("epochs at the start that patience ignores"),
    "patience_steps": later("steps that an arm with random weights takes before patience begins"),
    "patience_errors": later(
        "an epoch counts towards patience where its validation loss is so many of its own standard errors above the "
        "lowest; 0: wherever it is not lower"
    ),
    "resplit": later(
        "draw training, validation and test pictures anew for every seed; default: for own sets without a test set of "
        "their own and under 2,000 pictures"
    ),
    "judge_by": later(
        "what verdict, best epoch and early stopping go by: {choices}; auto: balanced_accuracy where the largest class "
        "has over 3 times the smallest"
    ),
    "balance": later("how classes of uneven size are made to count alike in training: {choices}"),
    "augmentation": later("training pictures as they are; the same as --augment none"),
    "augment": later(
        "how training pictures are varied, the same for every arm: none, crop_flip, or trivial: random crop and flip, "
        "then TrivialAugment"
    ),
    "find_rate": later("arms without a learning rate of their own find it by a range test"),
    "precision": later("of the computations: {choices}; auto: the faster one in a few steps at the start"),
    "threads": later(
        "of the processor, on which the last digits of a result depend; default: as many as the machine can spare"
    ),
    "devices": later("GPUs that share each batch of a run; without a GPU, processes"),
    "batchnorm": later(
        "on several devices, what BatchNorm normalises by: {choices}: a device's own share of the batch, or the whole "
        "batch"
    ),
    "views_by": later(
        "whose those views are: {choices}; a data set's are the same for all its runs, which compute them once together"
    ),
    "views": later(
        "augmented views whose frozen part's output is kept, at most half as many as frozen epochs; 0: none"
    ),
}
CHOICES = {
    "unmatched": UNMATCHED,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "judge_by": JUDGES,
    "balance": BALANCES,
    "precision": PRECISIONS,
    "batchnorm": BATCHNORMS,
    "views_by": VIEWS_BY,
}


def add_commands(commands: Any) -> None:
    """Declare `compare`."""
    parser = add_command(
        commands, "compare", compare, say("Train the same network from scratch and pretrained, compare."), trains=True
    )
    add_experiment_options(parser)
    add_options(parser)
    add_verdict_options(parser)


def add_experiment_options(parser: Parser, without: tuple[str, ...] = ()) -> None:
    """An option for every setting of an experiment but those named, which keep their defaults."""
    kinds = get_type_hints(Training)
    for entry in fields(Training):
        if entry.name in without:
            parser.set_defaults(**{entry.name: entry.default})
            continue
        option, text = entry.name.replace("_", "-"), _help(entry.name).replace("%", "%%")
        if kinds[entry.name] is bool:
            option, stored = (f"no-{option}", "store_false") if entry.default else (option, "store_true")
            parser.add_argument(f"--{option}", dest=entry.name, action=stored, help=text)
            continue
        if kinds[entry.name] == bool | None:
            action = argparse.BooleanOptionalAction
            parser.add_argument(f"--{option}", dest=entry.name, action=action, default=entry.default, help=text)
            continue
        if isinstance(entry.default, str | int | float):
            text = say("{text} (default {default})", text=text, default=entry.default)
        kind = value_type(kinds[entry.name])
        read = dataset_name if entry.name in DATA_SETS else decimal if kind is float else kind
        if entry.name == "augment":
            parser.add_argument(f"--{option}", action=_Augment, metavar="STR", default=entry.default, help=text)
            continue
        parser.add_argument(f"--{option}", type=read, metavar=kind.__name__.upper(), default=entry.default, help=text)
    parser.set_defaults(dataset=DEFAULT_DATASET)
    parser.add_argument(
        "--weights-file",
        type=Path,
        metavar="FILE",
        help=say("weights of your own for the network, as .safetensors, in place of --weights; they join the library"),
    )
    parser.add_argument("--licence", help=say("of that file, for its model card"))
    arms = say(
        "STRATEGY[:SETTING=VALUE]..., joined by commas; default {default}. Strategies: {strategies}; those of two data "
        "sets begin with random weights as well: source_only:weights=random,dann:weights=random; settings: {settings}",
        default=DEFAULT_ARMS,
        strategies=", ".join(STRATEGIES),
        settings=", ".join(SETTINGS),
    )
    parser.add_argument("--arms", default=DEFAULT_ARMS, help=arms)
    text = say("of all arms; default: each strategy's own")
    parser.add_argument("--learning-rate", type=decimal, metavar="FLOAT", help=text)
    text = say("how many (3: seeds 0, 1, 2) or which (4,8 or 4,); default 1")
    parser.add_argument("--seeds", default="1", help=text)


def _help(name: str) -> str:
    own = {"dataset": DEFAULT_DATASET, "backbone": listed()}
    return say(HELP[name], choices=own[name] if name in own else ", ".join(CHOICES.get(name, ())))


class _Augment(argparse.Action):
    """`--augment none` switches augmentation off, anything else says which it is."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        namespace.augmentation = values != "none"
        if namespace.augmentation:
            namespace.augment = values


def compare(arguments: argparse.Namespace) -> int:
    """Exit status 0: all runs finished, or were stopped because somebody wanted it; 1: one failed."""
    home, experiment = arguments.home, experiment_of(arguments)
    options = verdict_options(arguments, experiment)
    experiment, plan = wanted(arguments, experiment, options)
    experiment_id = jobs.submit(home, experiment, settle=plan)
    tell_power(home, experiment)
    return finish(home, experiment_id, arguments.json, options)


def finish(home: Home, experiment_id: str, as_json: bool, options: dict[str, Any], known: Collection[str] = ()) -> int:
    """Wait until nothing more comes of an experiment, print its result; exit status as of `compare`.

    Runs that are `known` have ended before. `options` as tl.analysis.experiment_result takes them.
    """
    try:
        from tl.analysis import experiment_result  # pandas: while the first trainer, too, is still importing

        runs = follow(home, experiment_id, set(known))
    except KeyboardInterrupt:
        stop_all(home, [experiment_id])
        for run in jobs.list_runs(home, experiment_id):
            if run.status != "finished":
                command = f"python -m tl resume {run.run_id} --home {home.path}"  # not shown
                print(f"  {command}   # {run.arm}", file=sys.stderr)
        if database.read_experiment(home, experiment_id)["settling"]:
            then = say("then, until settled")
            print(f"  python -m tl settle {experiment_id} --home {home.path}   # {then}", file=sys.stderr)  # not shown
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

    print(power.sentence(datasets.describe_for(home, experiment).test), file=sys.stderr, flush=True)
    if words := shortage(experiment):
        print(words, file=sys.stderr, flush=True)
    for source in sources.used(home, experiment):
        if restricts(source.licence):
            told = say(
                "Licence of the weights “{title}”: {licence}.", title=source.title, licence=in_words(source.licence)
            )
            print(told, file=sys.stderr, flush=True)
    for arm in experiment.arms:
        if words := before_training(experiment, arm):
            print(say("{arm}: {words}", arm=arm_title(arm.name), words=words), file=sys.stderr, flush=True)


def exit_status(runs: list[RunEntry]) -> int:
    """1 where one of the runs failed, else 0; says on stderr what became of those that did not finish."""
    unfinished = [run for run in runs if run.status != "finished"]
    for run in unfinished:
        how = describe_end(run)
        told = say("Run {id} ({arm}, seed {seed}) {how}", id=run.run_id, arm=run.arm, seed=run.seed, how=how)
        print(told, file=sys.stderr)
    return int(any(run.status in FAILED for run in unfinished))


def experiment_of(arguments: argparse.Namespace) -> Experiment:
    """The experiment that the options describe. Raises Refused."""
    shared = {entry.name: getattr(arguments, entry.name) for entry in fields(Training)}
    arms = parse_arms(arguments.arms, arguments.learning_rate)
    experiment = Experiment(**shared, arms=arms, seeds=parse_seeds(arguments.seeds))
    if arguments.weights_file is not None:
        experiment = _with_file(arguments, experiment)
    for name, when in idle(experiment).items():
        text = later("{name} has no effect here, but {when}; leave it out.")
        raise Refused(say(text, name=called(name), when=when))
    return experiment


def _with_file(arguments: argparse.Namespace, experiment: Experiment) -> Experiment:
    """The experiment with the weights in the file that was given. Raises Refused."""
    if experiment.weights != Training.weights:
        raise Refused(say("--weights and --weights-file both say what pretrained arms start from; leave one out."))
    key, told = own_weights.adopt(arguments.home, arguments.weights_file, experiment, arguments.licence)
    print(joined([told, say("From now on: --weights {key}", key=key)]), file=sys.stderr, flush=True)
    return replace(experiment, weights=key)


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
        (
            name,
            *([transferred_words(vars(summary[name]))] if own else []),
            run.seed,
            status_name(run.status),
            run.epochs,
            percent(run.best_val_accuracy),
            percent(run.test_accuracy),
            _seconds(run),
        )
        for name, arm in document.arms.items()
        for run in arm.runs
    ]
    head = (
        say("arm"),
        *([say("network")] if own else []),
        say("seed"),
        say("status"),
        say("epochs"),
        say("best validation"),
        say("test"),
        say("training time"),
    )
    from tl.analysis.claim_wording import covers  # numpy

    told: list[str] = [joined([document.verdict.text, covers(document.verdict)])]
    if document.adaptation and document.adaptation.text:
        told.append("\n".join(document.adaptation.text))
    return "\n\n".join([table(head, rows), *told])


def stop_all(home: Home, experiment_ids: Iterable[str]) -> None:
    """End what has not ended of these experiments, after Ctrl-C; the caller says how to go on."""
    print(f"\n{say('Stopping ...')}", file=sys.stderr, flush=True)
    ids = list(experiment_ids)
    for own in ids:
        settling.end(home, own, "stopped")
    jobs.stop_all(home, [row.run_id for own in ids for row in database.read_runs(home, own, ACTIVE)])
    print(say("Stopped; what was trained so far is kept. To go on:"), file=sys.stderr)
