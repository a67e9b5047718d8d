"""`python -m tl labels` and `compare-again`: suspicious labels, and the same comparison once they are corrected."""

import argparse
import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tl.arm_names import arm_title
from tl.cli.compare import finish
from tl.cli.datasets import add_correction_options, corrections_of
from tl.cli.parser import add_command, check_output
from tl.cli.text_table import listing, split_words
from tl.config import Experiment, refusal
from tl.languages import joined, later, say
from tl.output import print_json
from tl.store.home import Home
from tl.store.queue import database
from tl.words import number_of, percent, share

if TYPE_CHECKING:
    from tl.analysis.inspection.held_out import Doubts
    from tl.datasets.info import DatasetInfo

SHOWN = 25  # suspicious labels, and doubled pictures, on a terminal


def add_commands(commands: Any) -> None:
    text = say("List labels that look wrong and pictures that occur twice, judging by the networks of a comparison.")
    parser = add_command(commands, "labels", labels, text)
    parser.add_argument("experiment_id", metavar="EXPERIMENT_ID")
    words = say(
        "look at the training pictures, too: through the pretrained network, by a linear probe fitted to others"
    )
    parser.add_argument("--all-pictures", action="store_true", help=words)
    words = say(
        "write all as a CSV of picture,label with the label each looks like; delete the lines that are wrong, then "
        "give it to --relabel"
    )
    parser.add_argument("--output", type=Path, metavar="FILE.csv", help=words)
    text = say(
        "Repeat a comparison on a new data set without some pictures, or with other labels; waits until it has ended."
    )
    parser = add_command(commands, "compare-again", compare_again, text, trains=True)
    parser.add_argument("experiment_id", metavar="EXPERIMENT_ID")
    add_correction_options(parser)


def labels(arguments: argparse.Namespace) -> int:
    """0: the list is written, however short."""
    from tl import datasets  # pandas
    from tl.analysis.inspection import held_out
    from tl.datasets.duplicates import duplicates
    from tl.datasets.preparing import index_of
    from tl.jobs.measurements import label_checks
    from tl.store.queue.rows import refuse_final, refuse_two_sets

    home, experiment_id = arguments.home, arguments.experiment_id
    experiment: Experiment = database.read_experiment(home, experiment_id)["experiment"]
    refuse_final(experiment_id, experiment)
    refuse_two_sets(experiment)
    rows = [row for row in database.read_runs(home, experiment_id) if row.status == "finished"]
    info = datasets.describe(home, experiment.dataset)
    if info.origin == "drawn":
        raise refusal("{title} is drawn by the computer: its labels are right.", title=info.title)
    if any(home.run(row.run_id).imported.exists() for row in rows):
        raise refusal("This comparison was trained on another computer; its pictures are not here.")
    asked = held_out.asked_of(home, experiment, "") if arguments.all_pictures else None
    if asked:
        label_checks.measure(home, asked)
    found = held_out.suspicious(home, [(row.arm, row.run_id) for row in rows], asked)
    index = index_of(datasets.home_of(home, info.name).dataset_dir(info.name), info)
    names = index["name"].tolist()
    suspicious = _suspicious(found, info, names, index["split"].tolist())
    if arguments.output:
        _write(arguments.output, suspicious)
    doubled = [{"kind": pair.kind, "pictures": [names[pair.row], names[pair.other]]} for pair in duplicates(home, info)]
    looks = _second_looks(home, experiment_id)
    if arguments.json:
        document = {
            "experiment_id": experiment_id,
            "dataset": info.name,
            "judged": found.issues.judged,
            "judges": [{"arm": one.arm, "pictures": one.pictures, "right": one.right} for one in found.judges],
            "suspicious": suspicious,
            "doubled": doubled,
            "second_looks": looks,
        }
        print_json(document)
    else:
        print("\n\n".join(_paragraphs(found, info, suspicious, doubled, looks)))
    return 0


def compare_again(arguments: argparse.Namespace) -> int:
    """Exit status as of `compare`."""
    correct = corrections_of(arguments)
    if not correct:
        raise refusal("Say which pictures: --set-aside FILE, --relabel FILE, or both.")
    home, before_id = arguments.home, arguments.experiment_id
    from tl.jobs.compare_again import compare_again

    experiment_id = compare_again(home, before_id, correct)
    status = finish(home, experiment_id, arguments.json, {})
    if not arguments.json:
        for line in _second_looks(home, experiment_id):
            print(f"\n{joined([line['answer'], line['tested_on']])}")
    return status


def _suspicious(
    found: "Doubts", info: "DatasetInfo", names: Sequence[str], splits: Sequence[str]
) -> list[dict[str, Any]]:
    return [
        {
            "picture": names[one.picture],
            "label": info.classes[one.label],
            "looks_like": info.classes[one.looks_like],
            "probability_of_label": one.own,
            "probability": one.other,
            "split": splits[one.picture],
        }
        for one in found.issues.suspects
        if one.picture < len(names)
    ]


def _second_looks(home: Home, experiment_id: str) -> list[dict[str, str]]:
    """What is known of the same comparison on corrected pictures, or on those before, once both have ended."""
    from tl.analysis.experiment import experiment_result
    from tl.analysis.inspection import second_look
    from tl.store.queue.schema import ACTIVE

    found = []
    for pair in second_look.pairs(home, experiment_id, database.read_runs(home)):
        if any(database.read_runs(home, ident, ACTIVE) for ident in (pair.before_id, pair.after_id)):
            continue
        before, after = (experiment_result(home, ident).verdict for ident in (pair.before_id, pair.after_id))
        found.append(
            {
                "before": pair.before_id,
                "after": pair.after_id,
                "answer": second_look.answer(before, after),
                "tested_on": second_look.tested_on(pair),
            }
        )
    return found


def _paragraphs(
    found: "Doubts",
    info: "DatasetInfo",
    rows: list[dict[str, Any]],
    doubled: list[dict[str, Any]],
    looks: list[dict[str, str]],
) -> list[str]:
    labels, judged = number_of(len(rows), "suspicious label"), number_of(found.issues.judged, "picture")  # not shown
    said = [say("{labels} of {pictures} in {title}.", labels=labels, pictures=judged, title=info.title)]
    for one in found.judges:
        pictures, right = number_of(one.pictures, "picture"), percent(one.right)
        said.append(
            say(
                "{pictures} judged by a linear probe fitted to other pictures, which agrees with {share} of the labels.",
                pictures=pictures,
                share=right,
            )
            if one.arm is None
            else say(
                "{pictures} judged by the networks of {arm}, which agrees with {share} of the labels.",
                pictures=pictures,
                arm=arm_title(one.arm),
                share=right,
            )
        )
    told: list[str] = [joined(said)]
    if rows:
        shown = [
            {
                later("picture"): row["picture"],
                later("label"): row["label"],
                later("looks like"): row["looks_like"],
                later("probability"): share(row["probability"], 1),
                later("of its label"): share(row["probability_of_label"], 1),
                later("split"): split_words(row["split"]),
            }
            for row in rows[:SHOWN]
        ]
        told.append(listing(shown) + _more(len(rows), in_file=True))
    from tl.datasets import reason_in_words  # pandas

    if doubled:
        lines = [
            say("{kind}: {pictures}", kind=reason_in_words(pair["kind"]), pictures=" = ".join(pair["pictures"]))
            for pair in doubled[:SHOWN]
        ]
        told.append("\n".join(lines) + _more(len(doubled)))
    told += [joined([say("Does it change the verdict?"), line["answer"], line["tested_on"]]) for line in looks]
    return told


def _more(number: int, in_file: bool = False) -> str:
    if number <= SHOWN:
        return ""
    text = later("... and {number:,} more")
    in_all = later("... and {number:,} more; --output FILE.csv writes all of them")
    return "\n" + say(in_all if in_file else text, number=number - SHOWN)


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    from tl.store.files import for_the_user, write_bytes

    check_output(path)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("picture", "label", "is_labelled", "probability", "probability_of_label", "split"))
    for row in rows:
        figures = (f"{row['probability']:.4f}", f"{row['probability_of_label']:.4f}")
        writer.writerow((row["picture"], row["looks_like"], row["label"], *figures, row["split"]))
    with for_the_user():
        write_bytes(path, text.getvalue().encode())
