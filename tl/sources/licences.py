"""What licences of weights forbid, in words, where they forbid something. Not legal advice: the licence itself counts."""

from collections.abc import Iterable

# Identifier on the model hub -> what is to be known before the weights are used.
RESTRICTED = {
    "apple-amlr": "for research only; commercial use is forbidden",
    "apple-ascl": "Apple's own terms, which keep its patents and its name reserved; read them first",
    "cc-by-nc-4.0": "commercial use is forbidden",
    "cc-by-nc-sa-4.0": "commercial use is forbidden",
    "cvnets-license": "Apple's own terms, which keep its patents and its name reserved; read them first",
    "dinov3-license": "Meta's own terms, which forbid military use and others, and have to be passed on; read them first",
    "fair-noncommercial-research-license": "for research only; commercial use is forbidden",
    "gemma": "Google's own terms, which forbid some uses and have to be passed on; read them first",
    "mobileone-license": "Apple's own terms, which keep its patents and its name reserved; read them first",
    "nvidia-open-model-license": "NVIDIA's own terms; read them first",
    "other": "terms of its own; read them on the model hub first",
    "qwen-community-1.0": "Qwen's own terms; read them first",
    "sapiens2-license": "Meta's own terms; read them first",
    "seer-license": "Meta's own terms, for research only; commercial use is forbidden",
}


def in_words(licence: str | None) -> str:
    """The licence, with what it forbids or restricts where that is known."""
    if not licence or licence == "unknown":
        return "not stated; ask its publisher before you use the weights"
    words = RESTRICTED.get(licence.lower())
    return f"{licence} ({words})" if words else licence


def restricts(licence: str) -> bool:
    """Whether the licence, as `in_words` or its identifier has it, forbids or restricts uses, or is not known."""
    return licence.partition(" (")[0].lower() in RESTRICTED or _unknown(licence)


def _unknown(licence: str) -> bool:
    return licence in ("", "unknown") or licence.startswith("not stated")


YOURS = "yours"  # what began with random weights and learned from one's own pictures


def strictest(stated: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """The (licence, whose) that allows the least: one that restricts uses, then one that is not known, then any other.

    Of two alike it is the first.
    """
    return max(stated, key=lambda each: _strictness(each[0]))


def _strictness(licence: str) -> int:
    if _unknown(licence):
        return 2
    return 3 if restricts(licence) else int(not licence.startswith(YOURS))
