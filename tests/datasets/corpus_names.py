"""Names of entries and folders: what leads out, what means something to some system, what can't be shown."""

from corpus import GOOD, accepted, beside, left_out, of, refused
from crafted import entries_of, entry, forged, picture, pictures, two_classes

OUT = {
    "../../evil.png": "leads out",
    "rose/../../evil.png": "leads out",
    "rose/..": "leads out",
    "..": "leads out",
    "..\\..\\evil.png": "leads out",
    "rose\\..\\..\\evil.png": "leads out",
    "/etc/cron.d/x.png": "absolute path",
    "//server/share/x.png": "absolute path",
    "\\\\server\\share\\x.png": "absolute path",
    "C:\\windows\\x.png": "drive letter",
    "c:x.png": "drive letter",
    "rose/a\0.png": "NUL",
    "": "is empty",
    "rose/" + "x" * 5_000 + ".png": "has 5,009 bytes; at most 4,096",
    "x/" * 2_000 + "1.png": "2,000 folders deep; at most 32",
}
LABELS = {  # what it is -> raw folder name, flags of the entry, the class's name
    "utf-8 without its flag": ("blüte".encode(), 0, "blüte"),
    "cp437 as old Windows zips": (b"bl\x81te", 0, "blüte"),
    "decomposed accent": ("blu\u0308te".encode(), 0x800, "blüte"),
    "text turned right to left": ("bl\u202eüte".encode(), 0x800, "blüte"),
    "zero-width characters": ("bl\u200bü\u2060te".encode(), 0x800, "blüte"),
    "control characters": (b"a\x07 b\n", 0, "a b"),
    "script": (b"<script>alert(1)<", 0, "<script>alert(1)<"),
    "beacon in Markdown": (b"![](http:x)", 0, "![](http:x)"),
    "300 characters": (b"x" * 300, 0, "x" * 79 + "…"),
    "emoji": ("🌹".encode(), 0x800, "🌹"),
    "Windows device": (b"CON", 0, "CON"),
    "Windows device with a dot": (b"aux.", 0, "aux."),
    "trailing dots and spaces": (b"lily. . ", 0, "lily. ."),
    "blank": (b" ", 0, "unnamed"),
    "alternate data stream": (b"lily:stream", 0, "lily:stream"),
    "escaped dots": (b"%2e%2e", 0, "%2e%2e"),
    "home of a user": (b"~root", 0, "~root"),
    "spreadsheet formula": (b"=cmd|' /C calc'!A0", 0, "=cmd|'"),  # a slash ends the folder's name
    "number": (b"10", 0, "10"),
}


def _third_class(raw: bytes, flags: int):
    return beside(*(entry(raw + b"/%d.png" % number, picture(100 + number), flags=flags) for number in range(3)))


def _backslashes(path):
    return forged(path, [entry(name.replace("/", "\\"), data) for name, data in two_classes("flowers/").items()])


CASES = [
    *(refused(f"name {name[:30]!r}", beside(entry(name, picture())), problem) for name, problem in OUT.items()),
    *(
        accepted(f"folder name: {what}", _third_class(raw, flags), "rose", "tulip", shown)
        for what, (raw, flags, shown) in LABELS.items()
    ),
    accepted("backslashes between folders", _backslashes),
    accepted("dots and empty parts in paths", of({f"./set//./{name}": data for name, data in GOOD.items()})),
    accepted(
        "the same name twice",
        lambda path: forged(path, [*entries_of(GOOD), entry("rose/0.png", picture(70)), entry("rose/0.png", picture(71))]),
    ),
    accepted("no suffix, wrong suffix", of({name.replace(".png", ".exe"): data for name, data in GOOD.items()})),
    refused("Cat and cat", of(pictures("Cat") | pictures("cat")), "'Cat' and 'cat' have names that many"),
    refused("two spellings of é", of(pictures("caf\u00e9") | pictures("cafe\u0301")), "names that many computers"),
    refused("a difference nobody sees", of(pictures("cat") | pictures("ca\u200bt")), "names that many computers"),
    refused("90 and 91 of a letter", of(pictures("x" * 90) | pictures("x" * 91)), "long names that begin and end alike"),
    accepted(
        "a difference after 80 characters",
        of(pictures("x" * 80 + " one") | pictures("x" * 80 + " two")),
        "x" * 39 + "…" + "x" * 36 + " one",
        "x" * 39 + "…" + "x" * 36 + " two",
    ),
    left_out("__MACOSX", {"__MACOSX/rose/._0.png": b"x", "__MACOSX/rose/1.png": picture()}, "junk"),
    left_out("Finder's and Explorer's files", {"rose/.DS_Store": b"x", "rose/Thumbs.db": b"x", "a/desktop.ini": b"x"}, "junk"),
    left_out("hidden files", {"rose/.hidden.png": picture(3)}, "junk"),
    left_out("a repository", {".git/objects/0.png": picture(3), ".git/HEAD": b"x"}, "junk"),
]  # fmt: skip
