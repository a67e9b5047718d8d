"""What a file is by its first bytes, and the reasons for which one is left out. Imports nothing."""

# Counted and stored under these words; tl/datasets/info.py has them in the reader's language.
NOT_A_PICTURE, UNREADABLE, TOO_SMALL, NESTED = "not a picture", "unreadable", "too small", "nested archive"  # not shown
OTHER_FORMAT = "format not read (convert it to JPEG or PNG)"  # not shown
HEIC_UNREADABLE = "HEIC picture that can't be read (export it as JPEG)"  # not shown
TOO_MUCH_MEMORY = "needs too much memory (make it smaller)"  # not shown
TOO_MANY_PIXELS = "too many pixels (make it smaller)"  # not shown
TOO_LARGE_A_FILE = "too large a file"  # not shown
MANY_BANDS = "more than 4 bands (say which three are red, green and blue: --bands 4,3,2)"  # not shown
FEW_BANDS = "has fewer bands than were chosen"  # not shown
CRASHES = "crashes or stalls the decoder"  # not shown; found out by the parent
# What is told of a picture that is kept.
CUT_SHORT = "cut short, shown as far as they go"  # not shown
FIRST_PAGE = "several pages, the first is shown"  # not shown
FIRST_BANDS = "more than 4 bands, the first three are shown"  # not shown
# Kinds of number of more than 8 bits; pictures of one kind share a scale.
WHOLE, FRACTIONS = "whole numbers", "numbers with a point"  # not shown

STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"BM", b"GIF8", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
NETPBM = tuple(
    b"P" + kind + space for kind in (b"1", b"2", b"3", b"4", b"5", b"6", b"f") for space in (b" ", b"\n", b"\r", b"\t")
)
ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
OTHER_FORMATS = (b"8BPS", b"%PDF", b"%!PS", b"\xff\x0a", b"\0\0\0\x0cJXL ", b"\0\0\0\x0cjP  ", b"SIMPLE  =")
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")  # what telephones write
AVIF_BRANDS = (b"avif", b"avis")
OTHER_BRANDS = (b"crx ",)  # a camera's raw file
JUNK_FILES = {"thumbs.db", "desktop.ini", "icon\r", "ehthumbs.db"}


def is_junk(name: str) -> bool:
    """Whether an operating system, not a person, put this file there."""
    parts = name.split("/")
    return parts[-1].lower() in JUNK_FILES or any(part[:1] == "." != part or part == "__MACOSX" for part in parts)


class LeftOut(Exception):
    """A picture that can't be used; the text is the reason it is counted under."""


def check_head(head: bytes) -> None:
    """Whether a file that begins so may be a picture. Raises LeftOut with what it is instead."""
    if head.startswith(STARTS) and (head[:4] != b"RIFF" or head[8:12] == b"WEBP"):
        return
    if head.startswith(NETPBM) or container(head):
        return
    if head.startswith(ARCHIVES) or head[257:262] == b"ustar":
        raise LeftOut(NESTED)
    in_container = head[4:8] == b"ftyp" and head[8:12] in OTHER_BRANDS
    raise LeftOut(
        OTHER_FORMAT if in_container or head.startswith(OTHER_FORMATS) or b"<svg" in head[:500] else NOT_A_PICTURE
    )


def container(head: bytes) -> str | None:
    """ "AVIF" or "HEIF" where a file that begins so is one, by its brands (ISO/IEC 14496-12, 4.3)."""
    if head[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(head[:4], "big"), 256)
    brands = [head[8:12], *(head[place : place + 4] for place in range(16, end, 4))]
    if any(brand in AVIF_BRANDS for brand in brands):
        return "AVIF"
    return "HEIF" if brands[0] in HEIC_BRANDS else None
