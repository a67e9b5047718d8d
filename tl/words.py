"""Numbers and names as people read them, the same on the page, the command line and in reports."""

import re
from typing import NamedTuple

from tl.languages import later, later_plural, plural, say

NOT_AVAILABLE = later("not available")
# Control characters, lone surrogates, what changes the direction; characters without a width, which make two names look
# alike (those inside emoji and scripts that need them, U+200C and U+200D, stay).
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]+"
)
ORDINALS = (later("{number:,}st"), later("{number:,}nd"), later("{number:,}rd"), later("{number:,}th"))
NOUNS = {  # not shown are its keys: what is counted -> one of it, several of it
    "class": later_plural("{number:,} class", "{number:,} classes"),
    "device": later_plural("{number:,} device", "{number:,} devices"),
    "epoch": later_plural("{number:,} epoch", "{number:,} epochs"),
    "experiment": later_plural("{number:,} experiment", "{number:,} experiments"),
    "file": later_plural("{number:,} file", "{number:,} files"),
    "GPU": later_plural("{number:,} GPU", "{number:,} GPUs"),
    "label": later_plural("{number:,} label", "{number:,} labels"),
    "machine": later_plural("{number:,} machine", "{number:,} machines"),
    "minute": later_plural("{number:,} minute", "{number:,} minutes"),
    "more class": later_plural("{number:,} more class", "{number:,} more classes"),
    "more network": later_plural("{number:,} more network", "{number:,} more networks"),
    "network": later_plural("{number:,} network", "{number:,} networks"),
    "other kind": later_plural("{number:,} other kind", "{number:,} other kinds"),
    "pair": later_plural("{number:,} pair", "{number:,} pairs"),
    "picture": later_plural("{number:,} picture", "{number:,} pictures"),
    "processor": later_plural("{number:,} processor", "{number:,} processors"),
    "range": later_plural("{number:,} range", "{number:,} ranges"),
    "run": later_plural("{number:,} run", "{number:,} runs"),
    "seed": later_plural("{number:,} seed", "{number:,} seeds"),
    "step": later_plural("{number:,} step", "{number:,} steps"),
    "suspicious label": later_plural("{number:,} suspicious label", "{number:,} suspicious labels"),
    "test picture": later_plural("{number:,} test picture", "{number:,} test pictures"),
    "thread": later_plural("{number:,} thread", "{number:,} threads"),
    "training picture": later_plural("{number:,} training picture", "{number:,} training pictures"),
    "validation picture": later_plural("{number:,} validation picture", "{number:,} validation pictures"),
}


class Doing(NamedTuple):
    """What a run does or did, in words that are still to be said."""

    word: str  # within a sentence or a table
    title: str  # by itself
    counted: str = ""  # of so many runs


STATUSES = {  # of a run
    "queued": Doing(later("queued"), later("In the queue"), later("{number} queued")),
    "running": Doing(later("running"), later("Starting"), later("{number} running")),
    "finished": Doing(later("finished"), later("Finished"), later("{number} finished")),
    "stopped": Doing(later("stopped"), later("Stopped"), later("{number} stopped")),
    "failed": Doing(later("failed"), later("Failed"), later("{number} failed")),
    "interrupted": Doing(later("interrupted"), later("Interrupted"), later("{number} interrupted")),
}
PHASES = {  # of a run's trainer, see tl.train.progress
    "starting": Doing(later("starting"), later("Starting")),
    "preparing": Doing(later("preparing"), later("Preparing")),
    "waiting": Doing(later("waiting"), later("Waiting for its turn")),
    "training": Doing(later("training"), later("Training")),
    "validating": Doing(later("validating"), later("Validating")),
    "testing": Doing(later("testing"), later("Testing")),
    "done": Doing(later("done"), later("Finishing")),
}
DRAWN = ("blossoms", "blossoms_dusk")  # sets of tl.datasets.drawn, by name: to load that would slow each command


def not_available() -> str:
    """What stands where a number is not known."""
    return say(NOT_AVAILABLE)


def data_name(name: str) -> str:
    """A data set's name, which says where its pictures were drawn by the computer."""
    return say("{name} (drawn)", name=name) if name in DRAWN else name


def plain(text: object) -> str:
    """One line without control characters, direction overrides or invisible ones: for charts and option lists."""
    return " ".join(_INVISIBLE.sub("", CONTROL.sub(" ", str(text))).split())


def cell(text: object) -> str:
    """The same for a table, which can be saved as CSV: no spreadsheet takes it for a formula."""
    words = plain(text)
    return f"'{words}" if words.startswith(("=", "+", "-", "@")) else words


def count(number: int | None) -> str:
    """12000 -> "12,000"."""
    return not_available() if number is None else f"{number:,}"


def number_of(number: int, noun: str) -> str:
    """A number with its noun in the right number: "1 epoch", "1,000 pictures", "2 classes"."""
    return plural(*NOUNS[noun], number)


def status_name(status: str) -> str:
    """A run's status in words."""
    return say(STATUSES[status].word) if status in STATUSES else status


def phase_name(phase: str) -> str:
    """The same of what a run's trainer does."""
    return say(PHASES[phase].word) if phase in PHASES else phase


def ordinal(number: int) -> str:
    """1 -> "1st", 12 -> "12th", 23 -> "23rd"."""
    teen = 10 < number % 100 < 20
    ending = ORDINALS[3] if teen or not 0 < number % 10 < 4 else ORDINALS[number % 10 - 1]
    return say(ending, number=number)


def about(number: float) -> str:
    """A number that is only known roughly, to two digits: 1234 -> "1,200"."""
    return count(int(float(f"{number:.1e}")))


def mean_count(number: float) -> str:
    """A mean of counts, with at most one digit after the point: 12.5, 1000.0 -> "1,000"."""
    return f"{number:,.1f}".removesuffix(".0")


def short(number: float) -> str:
    """A number in as few digits as say exactly this one: 0.0001, 300."""
    text = f"{number:g}" if isinstance(number, float) else str(number)
    return (text if float(text) == number else repr(number)).replace("e-0", "e-")


def percent(fraction: float | None, digits: int = 1) -> str:
    """0.563 -> "56.3 %"."""
    return not_available() if fraction is None else f"{100 * fraction:.{digits}f} %"


def share(fraction: float | None, digits: int = 0) -> str:
    """A probability or a share in percent; what is not quite 0 or 1 is not called so: "over 99 %", "under 0.1 %"."""
    said = percent(fraction, digits)
    if fraction is None or fraction in (0, 1):
        return said
    least = 0.1**digits  # percent
    if said == percent(1, digits):
        return say("over {number} %", number=f"{100 - least:.{digits}f}")
    return say("under {number} %", number=f"{least:.{digits}f}") if said == percent(0, digits) else said


def points(fraction: float | None) -> str:
    """0.17 -> "+17.0 points": a difference of two accuracies."""
    if fraction is None:
        return not_available()
    return say("{number} points", number=signed(fraction))


def signed(fraction: float) -> str:
    """The same without its unit: "+17.0"."""
    rounded = round(100 * fraction, 1) or 0.0
    return f"{rounded:+.1f}".replace("-", "−").replace("+0.0", "±0.0")


def duration(seconds: float | None) -> str:
    """80.4 -> "1 min 20 s"; two units at most."""
    if seconds is None:
        return not_available()
    if 0 < seconds < 10:
        return say("{seconds} s", seconds=f"{seconds:.1f}")
    whole = round(seconds)
    if whole < 60:
        return say("{seconds} s", seconds=whole)
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        if rest and whole < 600:
            return say("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
        return say("{minutes} min", minutes=minutes)
    hours, rest = divmod(whole // 60, 60)
    return say("{hours} h {minutes} min", hours=hours, minutes=rest) if rest else say("{hours} h", hours=hours)


def computing_time(seconds: float | None, reused: float | None) -> str:
    """ "12 s, 8.0 s of it reused": what a run would take alone, and what of it others had computed."""
    if not reused:
        return duration(seconds)
    return say("{time}, {reused} of it reused", time=duration(seconds), reused=duration(reused))


def clock(seconds: float) -> str:
    """80.4 -> "1:20"; hours where there are any."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def memory(num_bytes: float | None) -> str:
    """Bytes -> "1.5 MB", "512 MB" or "1.4 GB"."""
    if num_bytes is None:
        return not_available()
    if num_bytes < 1e6:
        return say("less than 1 MB")
    if num_bytes < 9.95e6:
        return f"{mean_count(num_bytes / 1e6)} MB"
    megabytes = round(num_bytes / 1e6)
    return f"{megabytes} MB" if megabytes < 1000 else f"{num_bytes / 1e9:.1f} GB"


def energy(joules: float | None) -> str:
    """Joules -> "120 J" or "3.2 kJ"."""
    if joules is None:
        return not_available()
    return f"{joules:.0f} J" if joules < 1000 else f"{joules / 1000:.1f} kJ"


def rate(value: float | None) -> str:
    """A learning rate: 0.0001 -> "1e-4", 0.05 -> "0.05"."""
    if value is None:
        return not_available()
    return f"{value:g}" if value >= 0.01 else re.sub(r"e-0*", "e-", f"{value:.1e}").replace(".0e", "e")


def millions(number: int) -> str:
    """3504872 -> "3.5 million"."""
    return say("{number} million", number=f"{number / 1e6:.1f}") if number >= 1e5 else count(number)


def ago(seconds: float) -> str:
    """How long ago: "just now", "5 min ago", "3 h ago", "2 days ago"."""
    if seconds < 60:
        return say("just now")
    if seconds < 3600:
        return say("{minutes} min ago", minutes=int(seconds // 60))
    if seconds < 86400:
        return say("{hours} h ago", hours=int(seconds // 3600))
    return plural("{number} day ago", "{number} days ago", int(seconds // 86400))


def operations(number: float | None) -> str:
    """Floating-point operations: 1.2e15 -> "1.2 PFLOP"."""
    if number is None:
        return not_available()
    for unit, size in (("P", 1e15), ("T", 1e12), ("G", 1e9)):
        if number >= size:
            return f"{number / size:.3g} {unit}FLOP"
    return f"{number / 1e6:.3g} MFLOP"
