"""What licences of weights forbid, in words, where they forbid something. Not legal advice: the licence itself counts."""

from collections.abc import Iterable

from tl.backbones import APACHE
from tl.languages import later, say
from tl.networks import LICENCE, reworded

# Identifier on the model hub -> what is to be known before the weights are used.
RESTRICTED = {
    "apple-amlr": later("for research only; commercial use is forbidden"),
    "apple-ascl": later("Apple's own terms, which keep its patents and its name reserved; read them first"),
    "cc-by-nc-4.0": later("commercial use is forbidden"),
    "cc-by-nc-sa-4.0": later("commercial use is forbidden"),
    "cvnets-license": later("Apple's own terms, which keep its patents and its name reserved; read them first"),
    "dinov3-license": later(
        "Meta's own terms, which forbid military use and others, and have to be passed on; read them first"
    ),
    "fair-noncommercial-research-license": later("for research only; commercial use is forbidden"),
    "gemma": later("Google's own terms, which forbid some uses and have to be passed on; read them first"),
    "mobileone-license": later("Apple's own terms, which keep its patents and its name reserved; read them first"),
    "nvidia-open-model-license": later("NVIDIA's own terms; read them first"),
    "other": later("terms of its own; read them on the model hub first"),
    "qwen-community-1.0": later("Qwen's own terms; read them first"),
    "sapiens2-license": later("Meta's own terms; read them first"),
    "seer-license": later("Meta's own terms, for research only; commercial use is forbidden"),
}


YOURS = later("yours")  # what began with random weights and learned from one's own pictures
UNKNOWN = later("unknown")  # of weights whose owner says nothing
ASK = later("not stated; ask its publisher before you use the weights")
STATED = later("{licence} (as stated by who brought the file)")
# Licences as cards have them in English, where that is more than an identifier.
_KNOWN = (
    *(LICENCE, APACHE, YOURS, UNKNOWN, ASK, STATED, later("not stated"), later("that of the pictures ({title})")),
    later("research and teaching use, as ImageNet's pictures"),
)


def stated(licence: str | None) -> str:
    """The licence with what it forbids or restricts where that is known, in English: as sources and cards have it."""
    if not licence or licence == UNKNOWN:
        return ASK
    terms = RESTRICTED.get(licence.lower())
    return f"{licence} ({terms})" if terms else licence


def in_words(licence: str | None) -> str:
    """The same in the reader's language; `licence` as it is, or as `stated` gave it."""
    whole = stated(licence)
    name, _, terms = whole.partition(" (")
    known = RESTRICTED.get(name.lower())
    if known and terms in (f"{known})", ""):
        return say("{licence} ({terms})", licence=name, terms=say(known))
    return reworded(whole, *_KNOWN)


def restricts(licence: str) -> bool:
    """Whether the licence, as `in_words` or its identifier has it, forbids or restricts uses, or is not known."""
    return licence.partition(" (")[0].lower() in RESTRICTED or _unknown(licence)


def _unknown(licence: str) -> bool:
    return licence in ("", UNKNOWN) or licence.startswith("not stated")  # not shown


def strictest(stated: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """The (licence, whose) that allows the least: one that restricts uses, then one that is not known, then any other.

    Of two alike it is the first.
    """
    return max(stated, key=lambda each: _strictness(each[0]))


def _strictness(licence: str) -> int:
    if _unknown(licence):
        return 2
    return 3 if restricts(licence) else int(not licence.startswith(YOURS))
