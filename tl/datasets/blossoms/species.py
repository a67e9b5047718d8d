"""The invented species of the drawn data set: what makes each one what it is, as data.

Colour families are shared: every species comes in several, and every family belongs to several species.
"""

from dataclasses import dataclass

from tl.datasets.blossoms.canvas import colour

# Family -> (deep, plain, pale): the colours a petal runs through.
FAMILIES = {
    "white": (colour(0.80, 0.78, 0.70), colour(0.94, 0.93, 0.89), colour(1.00, 0.99, 0.96)),
    "cream": (colour(0.86, 0.72, 0.38), colour(0.96, 0.88, 0.62), colour(1.00, 0.96, 0.82)),
    "yellow": (colour(0.88, 0.58, 0.06), colour(0.97, 0.80, 0.14), colour(1.00, 0.91, 0.42)),
    "orange": (colour(0.82, 0.30, 0.05), colour(0.96, 0.52, 0.12), colour(1.00, 0.72, 0.36)),
    "red": (colour(0.50, 0.03, 0.07), colour(0.82, 0.12, 0.14), colour(0.95, 0.36, 0.32)),
    "pink": (colour(0.78, 0.25, 0.45), colour(0.94, 0.52, 0.66), colour(1.00, 0.80, 0.86)),
    "magenta": (colour(0.48, 0.05, 0.34), colour(0.80, 0.18, 0.56), colour(0.95, 0.55, 0.78)),
    "violet": (colour(0.26, 0.10, 0.42), colour(0.52, 0.28, 0.70), colour(0.76, 0.60, 0.90)),
    "blue": (colour(0.12, 0.16, 0.52), colour(0.30, 0.40, 0.82), colour(0.62, 0.72, 0.97)),
}
# Tints of discs, stamens and eyes; every species with such a part comes with several of them.
HEARTS = {
    "gold": colour(0.93, 0.70, 0.12),
    "amber": colour(0.78, 0.42, 0.08),
    "brown": colour(0.36, 0.20, 0.10),
    "lime": colour(0.66, 0.74, 0.24),
    "ink": colour(0.16, 0.09, 0.14),
    "ivory": colour(0.95, 0.92, 0.74),
}


@dataclass(frozen=True, kw_only=True)
class Ring:
    """One ring of petals seen from above."""

    petals: tuple[int, int]  # fewest and most
    reach: float  # length, relative to the flower's radius
    width: float  # half-width at the widest place, relative to the length
    foot: float  # exponent of the outline at the foot: large is a narrow foot
    tip: float  # exponent of the outline at the tip: large is pointed, small is blunt
    notch: float = 0.0  # depth of the cleft in the tip, relative to the length
    fringe: float = 0.0  # depth of the teeth along the tip
    ruffle: float = 0.0  # how uneven the edge is
    twist: float = 0.0  # how far petals turn like a propeller, radians
    veins: float = 0.08  # strength of the lines along a petal
    crease: float = 0.12  # strength of the fold along its middle


@dataclass(frozen=True, kw_only=True)
class Species:
    """One class. `form` is the key in FORMS (of the package) of what draws its head."""

    name: str
    form: str  # "rosette" (seen from above), "cup", "bells" or "spike" (seen from the side)
    families: tuple[str, ...]  # colours it comes in
    hearts: tuple[str, ...] = ()  # tints of its centre
    rings: tuple[Ring, ...] = ()  # rosettes: from the outermost to the innermost
    heart: str = ""  # rosettes: what is in the middle, key of HEART_FORMS in rosettes.py
    eye: float = 0.0  # how far a dark or pale eye reaches up the petals, relative to their length
    tilt: tuple[float, float] = (0.62, 1.0)  # rosettes: how squashed by being seen aslant
    leaves: tuple[tuple[float, float, int, float], ...]  # (length, width / length, teeth, depth of the teeth)


STRAP, OVAL, HEARTLEAF = (0.60, 0.09, 0, 0.0), (0.36, 0.30, 0, 0.0), (0.30, 0.42, 0, 0.0)
TOOTHED, LOBED, LANCE = (0.36, 0.30, 8, 0.3), (0.38, 0.34, 5, 0.6), (0.45, 0.17, 0, 0.0)

SPECIES = (
    Species(
        name="bellmere",
        form="bells",
        families=("violet", "blue", "white", "pink", "yellow", "magenta", "orange"),
        hearts=("ivory", "lime"),
        leaves=(STRAP, LANCE, OVAL),
    ),
    Species(
        name="dawncup",
        form="cup",
        families=("red", "yellow", "pink", "orange", "white", "violet", "magenta"),
        hearts=("ink", "gold"),
        leaves=(STRAP, LANCE),
    ),
    Species(
        name="daywheel",
        form="rosette",
        families=("white", "yellow", "pink", "violet", "magenta", "orange"),
        hearts=("gold", "amber", "brown", "lime"),
        rings=(
            Ring(petals=(13, 21), reach=0.98, width=0.11, foot=0.25, tip=0.22, ruffle=0.05, veins=0.10),
            Ring(petals=(13, 21), reach=0.90, width=0.11, foot=0.25, tip=0.22, ruffle=0.05, veins=0.10),
        ),
        heart="disc",
        leaves=(TOOTHED, LOBED, LANCE),
    ),
    Species(
        name="emberspire",
        form="spike",
        families=("red", "orange", "violet", "blue", "pink", "white", "yellow"),
        hearts=("gold", "ink", "ivory"),
        leaves=(LANCE, TOOTHED, OVAL),
    ),
    Species(
        name="fernstar",
        form="rosette",
        families=("orange", "white", "pink", "yellow", "red", "magenta"),
        hearts=("amber", "brown", "gold", "lime"),
        rings=(
            Ring(petals=(3, 3), reach=1.0, width=0.19, foot=0.55, tip=0.80, veins=0.06, crease=0.25, twist=0.15),
            Ring(petals=(3, 3), reach=0.96, width=0.23, foot=0.55, tip=0.75, veins=0.06, crease=0.25, twist=0.15),
        ),
        heart="anthers",
        eye=0.35,
        leaves=(STRAP, LANCE),
    ),
    Species(
        name="fringelet",
        form="rosette",
        families=("pink", "magenta", "red", "white", "violet", "cream"),
        hearts=("ivory", "lime", "ink"),
        rings=(Ring(petals=(5, 5), reach=1.0, width=0.46, foot=0.95, tip=0.12, fringe=0.26, ruffle=0.05, veins=0.12),),
        heart="eye",
        eye=0.42,
        leaves=(STRAP, LANCE),
    ),
    Species(
        name="heartwort",
        form="rosette",
        families=("yellow", "pink", "blue", "violet", "white", "red", "cream"),
        hearts=("gold", "lime", "ivory", "amber"),
        rings=(Ring(petals=(5, 6), reach=1.0, width=0.44, foot=0.80, tip=0.22, notch=0.24, veins=0.06),),
        heart="eye",
        eye=0.36,
        leaves=(OVAL, TOOTHED, HEARTLEAF),
    ),
    Species(
        name="moonpoppy",
        form="rosette",
        families=("red", "orange", "white", "yellow", "pink", "violet", "blue"),
        hearts=("ink", "gold", "lime"),
        rings=(
            Ring(petals=(2, 2), reach=1.0, width=0.82, foot=0.55, tip=0.20, ruffle=0.09, veins=0.10, crease=0.0),
            Ring(petals=(2, 3), reach=0.93, width=0.80, foot=0.55, tip=0.20, ruffle=0.09, veins=0.10, crease=0.0),
        ),
        heart="stamens",
        eye=0.30,
        leaves=(LOBED, TOOTHED),
    ),
    Species(
        name="rufflerose",
        form="rosette",
        families=("red", "pink", "white", "cream", "orange", "magenta", "yellow"),
        hearts=("gold", "ivory"),
        rings=tuple(
            Ring(petals=(5, 7), reach=reach, width=0.66, foot=0.50, tip=0.25, ruffle=0.05, veins=0.0, crease=0.0)
            for reach in (1.0, 0.84, 0.66, 0.48, 0.32, 0.19)
        ),
        heart="",
        tilt=(0.72, 1.0),
        leaves=(TOOTHED, OVAL),
    ),
    Species(
        name="tasselcap",
        form="rosette",
        families=("pink", "magenta", "yellow", "violet", "white", "orange", "red"),
        hearts=("brown", "amber", "ink", "lime"),
        rings=(Ring(petals=(9, 14), reach=1.0, width=0.15, foot=0.25, tip=0.20, notch=0.07, ruffle=0.10, veins=0.16),),
        heart="cone",
        tilt=(0.36, 0.72),
        leaves=(LANCE, TOOTHED, OVAL),
    ),
    Species(
        name="trumpetine",
        form="rosette",
        families=("yellow", "white", "cream", "orange", "pink", "violet"),
        hearts=("gold", "amber", "ivory"),
        rings=(
            Ring(petals=(3, 3), reach=1.0, width=0.33, foot=0.40, tip=0.45, veins=0.07, crease=0.15),
            Ring(petals=(3, 3), reach=0.95, width=0.33, foot=0.40, tip=0.45, veins=0.07, crease=0.15),
        ),
        heart="trumpet",
        leaves=(STRAP,),
    ),
    Species(
        name="waterlace",
        form="rosette",
        families=("white", "pink", "violet", "yellow", "blue", "magenta", "cream"),
        hearts=("gold", "amber"),
        rings=(
            Ring(petals=(7, 9), reach=1.0, width=0.23, foot=0.45, tip=0.62, veins=0.06, crease=0.2),
            Ring(petals=(7, 9), reach=0.80, width=0.23, foot=0.45, tip=0.62, veins=0.06, crease=0.2),
            Ring(petals=(6, 8), reach=0.58, width=0.26, foot=0.45, tip=0.62, veins=0.06, crease=0.2),
        ),
        heart="stamens",
        leaves=(HEARTLEAF, OVAL),
    ),
)
