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
from tl.backbones import LISTED
from tl.cli.parser import Parser, add_command, add_verdict_options, dataset_name, decimal, verdict_options
from tl.cli.settling import add_options, as_document, follow, wanted
from tl.cli.table import table
from tl.cli.watch import FAILED, describe_end, percent
from tl.config import (
    BALANCES,
    BATCHNORMS,
    JUDGES,
    PRECISIONS,
    UNMATCHED,
    VIEWS_BY,
    Experiment,
    Refused,
    Training,
    parse_seeds,
)
from tl.differences import networks, sides, transferred_words
from tl.effects import before_training, idle
from tl.jobs import own_weights
from tl.jobs.listing import RunEntry
from tl.jobs.shortage import shortage
from tl.output import print_json
from tl.schedules import OPTIMIZERS, SCHEDULES
from tl.store import database, settling
from tl.store.home import Home
from tl.store.schema import ACTIVE
from tl.strategies import STRATEGIES, arm_title

DEFAULT_ARMS = "scratch,full_finetuning"
DEFAULT_DATASET = "blossoms"
DATA_SETS = ("dataset", "target_dataset")
INTERRUPTED = 130  # exit status after Ctrl-C

# One line for each field of Training; the option is the field's name with dashes.
HELP = {
    "dataset": f"name of a data set, see `python -m tl datasets`; default {DEFAULT_DATASET}",
    "target_dataset": "name of the data set that it is to work on, where that looks different: its labels are used to test, "
    "and in training only by target_few and target_full",
    "unmatched": f"what becomes of classes that only one of the two has: {', '.join(UNMATCHED)}",
    "samples": "training pictures, stratified and nested; default: all",
    "backbone": f"network: {LISTED}",
    "weights": "what pretrained arms start from where they don't say",
    "resolution": "side of the square the network sees, pixels",
    "epochs": "at most, for arms without epochs of their own",
    "batch_size": "pictures a step",
    "optimizer": ", ".join(OPTIMIZERS),
    "weight_decay": "decoupled for adamw, L2 for the others; l2_sp has its anchor instead",
    "schedule": f"how the learning rate moves over all epochs, whatever trains when: {', '.join(SCHEDULES)}",
    "step_epochs": "schedule step: epochs between two cuts",
    "step_factor": "schedule step: factor of each cut",
    "patience": "stop after so many epochs without a lower validation loss; 0: never",
    "patience_start": "epochs at the start that patience ignores",
    "patience_steps": "steps that an arm with random weights takes before patience begins",
    "patience_errors": "an epoch counts towards patience where its validation loss is so many of its own standard "
    "errors above the lowest; 0: wherever it is not lower",
    "resplit": "draw training, validation and test pictures anew for every seed; default: for own sets without a test "
    "set of their own and under 2,000 pictures",
    "judge_by": f"what verdict, best epoch and early stopping go by: {', '.join(JUDGES)}; auto: balanced_accuracy where "
    "the largest class has over 3 times the smallest",
    "balance": f"how classes of uneven size are made to count alike in training: {', '.join(BALANCES)}",
    "augmentation": "training pictures as they are; the same as --augment none",
    "augment": "how training pictures are varied, the same for every arm: none, crop_flip, or trivial: random crop and flip, "
    "then TrivialAugment",
    "find_rate": "arms without a learning rate of their own find it by a range test",
    "precision": f"of the computations: {', '.join(PRECISIONS)}; auto: the faster one in a few steps at the start",
    "threads": "of the processor, on which the last digits of a result depend; default: as many as the machine can spare",
    "devices": "GPUs that share each batch of a run; without a GPU, processes",
    "batchnorm": f"on several devices, what BatchNorm normalises by: {', '.join(BATCHNORMS)}: a device's own share of the "
    "batch, or the whole batch",
    "views_by": f"whose those views are: {', '.join(VIEWS_BY)}; a data set's are the same for all its runs, which compute "
    "them once together",
    "views": "augmented views whose frozen part's output is kept, at most half as many as frozen epochs; 0: none",
}


def add_commands(commands: Any) -> None:
    """Declare `compare`."""
    parser = add_command(
        commands, "compare", compare, "Train the same network from scratch and pretrained, compare.", trains=True
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
        option, text = entry.name.replace("_", "-"), HELP[entry.name].replace("%", "%%")
        if kinds[entry.name] is bool:
            option, stored = (f"no-{option}", "store_false") if entry.default else (option, "store_true")
            parser.add_argument(f"--{option}", dest=entry.name, action=stored, help=text)
            continue
        if kinds[entry.name] == bool | None:
            action = argparse.BooleanOptionalAction
            parser.add_argument(f"--{option}", dest=entry.name, action=action, default=entry.default, help=text)
            continue
        text += f" (default {entry.default})" if isinstance(entry.default, str | int | float) else ""
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
        help="weights of your own for the network, as .safetensors, in place of --weights; they join the library",
    )
    parser.add_argument("--licence", help="of that file, for its model card")
    arms = (
        f"STRATEGY[:SETTING=VALUE]..., joined by commas; default {DEFAULT_ARMS}. Strategies: {', '.join(STRATEGIES)}; those of two data "
        f"sets begin with random weights as well: source_only:weights=random,dann:weights=random; "
    )
    parser.add_argument("--arms", default=DEFAULT_ARMS, help=f"{arms}settings: {', '.join(SETTINGS)}")
    parser.add_argument(
        "--learning-rate", type=decimal, metavar="FLOAT", help="of all arms; default: each strategy's own"
    )
    parser.add_argument("--seeds", default="1", help="how many (3: seeds 0, 1, 2) or which (4,8 or 4,); default 1")


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
                print(f"  python -m tl resume {run.run_id} --home {home.path}   # {run.arm}", file=sys.stderr)
        if database.read_experiment(home, experiment_id)["settling"]:
            print(f"  python -m tl settle {experiment_id} --home {home.path}   # then, until settled", file=sys.stderr)
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
    from tl.sources.licences import restricts

    print(power.sentence(datasets.describe_for(home, experiment).test), file=sys.stderr, flush=True)
    if words := shortage(experiment):
        print(words, file=sys.stderr, flush=True)
    for source in sources.used(home, experiment):
        if restricts(source.licence):
            print(f"Licence of the weights “{source.title}”: {source.licence}.", file=sys.stderr, flush=True)
    for arm in experiment.arms:
        if words := before_training(experiment, arm):
            print(f"{arm_title(arm.name)}: {words}", file=sys.stderr, flush=True)


def exit_status(runs: list[RunEntry]) -> int:
    """1 where one of the runs failed, else 0; says on stderr what became of those that did not finish."""
    unfinished = [run for run in runs if run.status != "finished"]
    for run in unfinished:
        print(f"Run {run.run_id} ({run.arm}, seed {run.seed}) {describe_end(run)}", file=sys.stderr)
    return int(any(run.status in FAILED for run in unfinished))


def experiment_of(arguments: argparse.Namespace) -> Experiment:
    """The experiment that the options describe. Raises Refused."""
    shared = {entry.name: getattr(arguments, entry.name) for entry in fields(Training)}
    arms = parse_arms(arguments.arms, arguments.learning_rate)
    experiment = Experiment(**shared, arms=arms, seeds=parse_seeds(arguments.seeds))
    if arguments.weights_file is not None:
        experiment = _with_file(arguments, experiment)
    for name, when in idle(experiment).items():
        raise Refused(f"{name.replace('_', ' ')} has no effect here, but {when}; leave it out.")
    return experiment


def _with_file(arguments: argparse.Namespace, experiment: Experiment) -> Experiment:
    """The experiment with the weights in the file that was given. Raises Refused."""
    if experiment.weights != Training.weights:
        raise Refused("--weights and --weights-file both say what pretrained arms start from; leave one out.")
    key, told = own_weights.adopt(arguments.home, arguments.weights_file, experiment, arguments.licence)
    print(f"{told} From now on: --weights {key}", file=sys.stderr, flush=True)
    return replace(experiment, weights=key)


def heading(home: Home, experiment: Experiment, sizes: str, run_ids: Iterable[str]) -> str:
    """What was compared on what, `sizes` of pictures in words; says where pictures are drawn by the computer.

    Imported runs bring their data set's title with them; of one that was deleted its name is said.
    """
    from tl.analysis.experiment import pictures_of  # pandas

    info = pictures_of(home, experiment, run_ids)
    title = info.title if info else f"{' → '.join(experiment.sets)} (no longer here)"
    return f"{networks(experiment)} on {title}, {sizes} training pictures at {sides(experiment)}"


def _seconds(run: RunSummary) -> str:
    if run.elapsed_seconds is None:
        return "-"
    return f"{run.elapsed_seconds:.1f} s" + (f", {run.reused_seconds:.1f} s reused" if run.reused_seconds else "")


def as_text(document: ExperimentResult) -> str:
    """The result of a comparison for people."""
    summary = document.verdict.summary
    own = any(entry.differs for entry in document.verdict.comparisons.values())
    rows = [
        (
            name,
            *([transferred_words(vars(summary[name]))] if own else []),
            run.seed,
            run.status,
            run.epochs,
            percent(run.best_val_accuracy),
            percent(run.test_accuracy),
            _seconds(run),
        )
        for name, arm in document.arms.items()
        for run in arm.runs
    ]
    head = (
        "arm",
        *(["network"] if own else []),
        "seed",
        "status",
        "epochs",
        "best validation",
        "test",
        "training time",
    )
    from tl.analysis.claim_wording import covers  # numpy

    told = [" ".join(filter(None, [document.verdict.text, covers(document.verdict)]))]
    if document.adaptation and document.adaptation.text:
        told.append("\n".join(document.adaptation.text))
    return "\n\n".join([table(head, rows), *told])


def stop_all(home: Home, experiment_ids: Iterable[str]) -> None:
    """End what has not ended of these experiments, after Ctrl-C; the caller says how to go on."""
    print("\nStopping ...", file=sys.stderr, flush=True)
    ids = list(experiment_ids)
    for own in ids:
        settling.end(home, own, "stopped")
    jobs.stop_all(home, [row.run_id for own in ids for row in database.read_runs(home, own, ACTIVE)])
    print("Stopped; what was trained so far is kept. To go on:", file=sys.stderr)
