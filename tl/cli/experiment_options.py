"""The options that describe an experiment, and the experiment that they describe."""

import argparse
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from tl.arms import SETTINGS, parse_arms, value_type
from tl.backbones import listed
from tl.cli.parser import DEFAULT_DATASET, Parser, dataset_name, decimal
from tl.config import Experiment, Training, refusal
from tl.config.experiment import parse_seeds
from tl.config.training import BALANCES, BATCHNORMS, JUDGES, PRECISIONS, UNMATCHED, VIEWS_BY
from tl.effects import idle
from tl.jobs import own_weights
from tl.languages import joined, later, say
from tl.schedules import OPTIMIZERS, SCHEDULES
from tl.setting_names import setting_name
from tl.strategies import STRATEGIES

DEFAULT_ARMS = "scratch,full_finetuning"
DATA_SETS = ("dataset", "target_dataset")

# One line for each field of Training; the option is the field's name with dashes. {choices} are of CHOICES.
HELP = {
    "dataset": later("name of a data set, see `python -m tl datasets`; default {choices}"),
    "target_dataset": later(
        "name of the data set that it is to work on, where that looks different: its labels are used to test, and in "
        "training only by target_few and target_full"
    ),
    "unmatched": later("what happens to classes that only one of the two has: {choices}"),
    "samples": later("training pictures, stratified and nested; default: all"),
    "backbone": later("network: {choices}"),
    "weights": later("what pretrained arms start from if they don't say otherwise"),
    "resolution": later("side of the square the network sees, pixels"),
    "epochs": later("at most, for arms without epochs of their own"),
    "batch_size": later("pictures a step"),
    "optimizer": "{choices}",
    "weight_decay": later("decoupled for adamw, L2 for the others; l2_sp has its anchor instead"),
    "schedule": later("how the learning rate moves over all epochs, whatever trains when: {choices}"),
    "step_epochs": later("schedule step: epochs between two cuts"),
    "step_factor": later("schedule step: factor of each cut"),
    "patience": later("stop after this many epochs without a lower validation loss; 0: never"),
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
        "who shares those views: {choices}; with dataset, all runs of a data set see the same ones and compute them "
        "once together"
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
        "STRATEGY[:SETTING=VALUE]..., joined by commas; default {default}. Strategies: {strategies}; those for two "
        "data sets can also begin with random weights: source_only:weights=random,dann:weights=random; settings: "
        "{settings}",
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


def experiment_of(arguments: argparse.Namespace) -> Experiment:
    """The experiment that the options describe. Raises Refused."""
    shared = {entry.name: getattr(arguments, entry.name) for entry in fields(Training)}
    arms = parse_arms(arguments.arms, arguments.learning_rate)
    experiment = Experiment(**shared, arms=arms, seeds=parse_seeds(arguments.seeds))
    if arguments.weights_file is not None:
        experiment = _with_file(arguments, experiment)
    for name, when in idle(experiment).items():
        raise refusal("{name} has no effect here, but {when}; leave it out.", name=setting_name(name), when=when)
    return experiment


def _with_file(arguments: argparse.Namespace, experiment: Experiment) -> Experiment:
    """The experiment with the weights in the file that was given. Raises Refused."""
    if experiment.weights != Training.weights:
        raise refusal("--weights and --weights-file both say what pretrained arms start from; leave one out.")
    key, told = own_weights.adopt(arguments.home, arguments.weights_file, experiment, arguments.licence)
    print(joined([told, say("From now on: --weights {key}", key=key)]), file=sys.stderr, flush=True)
    return replace(experiment, weights=key)
