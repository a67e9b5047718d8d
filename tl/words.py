"""Numbers and names as people read them, the same on the page, the command line and in reports."""

import re

NOT_AVAILABLE = "not available"
# Control characters, lone surrogates, what changes the direction; characters without a width, which make two names look
# alike (those inside emoji and scripts that need them, U+200C and U+200D, stay).
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]+"
)
DRAWN = ("blossoms", "blossoms_dusk")  # the built-in data sets whose pictures the computer draws


def data_name(name: str) -> str:
    """A data set's name, which says where its pictures were drawn by the computer."""
    return f"{name} (drawn)" if name in DRAWN else name


def plain(text: object) -> str:
    """One line without control characters, direction overrides or invisible ones: for charts and option lists."""
    return " ".join(_INVISIBLE.sub("", CONTROL.sub(" ", str(text))).split())


def cell(text: object) -> str:
    """The same for a table, which can be saved as CSV: no spreadsheet takes it for a formula."""
    words = plain(text)
    return f"'{words}" if words.startswith(("=", "+", "-", "@")) else words


def count(number: int | None) -> str:
    """12000 -> "12,000"."""
    return NOT_AVAILABLE if number is None else f"{number:,}"


def number_of(number: int, noun: str) -> str:
    """A number with its noun in the right number: "1 epoch", "1,000 pictures", "2 classes"."""
    plural = f"{noun}es" if noun.endswith("ss") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def ordinal(number: int) -> str:
    """1 -> "1st", 12 -> "12th", 23 -> "23rd"."""
    teen = 10 < number % 100 < 20
    return f"{number:,}" + ("th" if teen else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th"))


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
    return NOT_AVAILABLE if fraction is None else f"{100 * fraction:.{digits}f} %"


def share(fraction: float | None, digits: int = 0) -> str:
    """A probability or a share in percent; what is not quite 0 or 1 is not called so: "over 99 %", "under 0.1 %"."""
    said = percent(fraction, digits)
    if fraction is None or fraction in (0, 1):
        return said
    least = 0.1**digits  # percent
    if said == percent(1, digits):
        return f"over {100 - least:.{digits}f} %"
    return f"under {least:.{digits}f} %" if said == percent(0, digits) else said


def points(fraction: float | None) -> str:
    """0.17 -> "+17.0 points": a difference of two accuracies."""
    if fraction is None:
        return NOT_AVAILABLE
    rounded = round(100 * fraction, 1) or 0.0
    return f"{rounded:+.1f} points".replace("-", "−").replace("+0.0", "±0.0")


def duration(seconds: float | None) -> str:
    """80.4 -> "1 min 20 s"; two units at most."""
    if seconds is None:
        return NOT_AVAILABLE
    if 0 < seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 and whole < 600 else "")
    minutes = whole // 60
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")


def computing_time(seconds: float | None, reused: float | None) -> str:
    """ "12 s, 8.0 s of it reused": what a run would take alone, and what of it others had computed."""
    return duration(seconds) + (f", {duration(reused)} of it reused" if reused else "")


def clock(seconds: float) -> str:
    """80.4 -> "1:20"; hours where there are any."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def memory(num_bytes: float | None) -> str:
    """Bytes -> "1.5 MB", "512 MB" or "1.4 GB"."""
    if num_bytes is None:
        return NOT_AVAILABLE
    if num_bytes < 1e6:
        return "less than 1 MB"
    if num_bytes < 9.95e6:
        return f"{mean_count(num_bytes / 1e6)} MB"
    megabytes = round(num_bytes / 1e6)
    return f"{megabytes} MB" if megabytes < 1000 else f"{num_bytes / 1e9:.1f} GB"


def energy(joules: float | None) -> str:
    """Joules -> "120 J" or "3.2 kJ"."""
    if joules is None:
        return NOT_AVAILABLE
    return f"{joules:.0f} J" if joules < 1000 else f"{joules / 1000:.1f} kJ"


def rate(value: float | None) -> str:
    """A learning rate: 0.0001 -> "1e-4", 0.05 -> "0.05"."""
    if value is None:
        return NOT_AVAILABLE
    return f"{value:g}" if value >= 0.01 else re.sub(r"e-0*", "e-", f"{value:.1e}").replace(".0e", "e")


def millions(number: int) -> str:
    """3504872 -> "3.5 million"."""
    return f"{number / 1e6:.1f} million" if number >= 1e5 else count(number)


def ago(seconds: float) -> str:
    """How long ago: "just now", "5 min ago", "3 h ago", "2 days ago"."""
    for limit, unit, name in ((60, None, None), (3600, 60, "min"), (86400, 3600, "h")):
        if seconds < limit:
            return f"{int(seconds // unit)} {name} ago" if unit else "just now"
    days = int(seconds // 86400)
    return f"{days} day{'s' if days > 1 else ''} ago"


def operations(number: float | None) -> str:
    """Floating-point operations: 1.2e15 -> "1.2 PFLOP"."""
    if number is None:
        return NOT_AVAILABLE
    for unit, size in (("P", 1e15), ("T", 1e12), ("G", 1e9)):
        if number >= size:
            return f"{number / size:.3g} {unit}FLOP"
    return f"{number / 1e6:.3g} MFLOP"
