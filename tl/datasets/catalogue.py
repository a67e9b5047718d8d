"""What data sets there are, and what is known of each."""

from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from tl.config import NAME_PATTERN, Refused, refusal
from tl.datasets.drawn import DRAWN
from tl.datasets.info import DatasetInfo, mending
from tl.datasets.titles import name_of_title
from tl.datasets.torchvision_sets import DOWNLOADABLE
from tl.languages import later
from tl.store.files import read_json
from tl.store.home import Home

BUILT_IN: dict[str, DatasetInfo] = {name: built_in.info for name, built_in in (DRAWN | DOWNLOADABLE).items()}


def home_of(home: Home, name: str) -> Home:
    """Where a data set lies: built-in ones are at the root, shared by all visitors, others in their owner's home."""
    return home.of(None) if name in BUILT_IN else home


def list_datasets(home: Home) -> list[DatasetInfo]:
    """The built-in data sets, then those brought by people, by name; without damaged ones."""
    return survey(home)[0]


def survey(home: Home) -> tuple[list[DatasetInfo], dict[str, str]]:
    """`list_datasets`, and for each data set that is damaged its name and one sentence."""
    names = {path.parent.name for path in home.datasets_dir.glob("[!.]*/dataset.json")}
    own = sorted(name for name in names - set(BUILT_IN) if NAME_PATTERN.fullmatch(name))
    sound, unsound = [], {}
    for name in [*BUILT_IN, *own]:
        try:
            sound.append(describe(home, name))
        except Refused as problem:
            unsound[name] = str(problem)
    return sound, unsound


def describe(home: Home, name: str) -> DatasetInfo:
    """What is known about one data set. Raises Refused for an unknown or damaged one."""
    path = home_of(home, name).dataset_dir(name) / "dataset.json"
    if path.exists():
        with suppress(ValueError):
            info = DatasetInfo.from_json(read_json(path))
            if info.name == name:
                return info
        raise damaged(path, name)
    if name in BUILT_IN:
        return BUILT_IN[name].worded()
    own = (path.parent.name for path in home.datasets_dir.glob("[!.]*/dataset.json"))
    close = get_close_matches(name, {*BUILT_IN, *own}, 1)
    if close:
        text = later("There is no data set {name!r}; did you mean {close!r}? `python -m tl datasets` lists them.")
        raise refusal(text, name=name, close=close[0])
    raise refusal("There is no data set {name!r}; `python -m tl datasets` lists them.", name=name)


def has(home: Home, name: str) -> bool:
    """Whether there is a data set of this name, damaged or not."""
    return name in BUILT_IN or home.dataset_dir(name).is_dir()


def name_of(home: Home, text: str) -> str:
    """The name of the data set that somebody calls so, by name or title. Raises Refused where there is none."""
    if found := name_of_title(list_datasets(home), text):
        return found
    if NAME_PATTERN.fullmatch(text):
        return text  # a damaged one, maybe: whoever opens it says so
    raise refusal("There is no data set {name!r:.80}; `python -m tl datasets` lists them.", name=text)


def damaged(path: Path, name: str) -> Refused:
    """The refusal of a data set whose file at `path` is damaged."""
    return refusal("{path} is damaged; {mend}", path=path, mend=mending(name, name in BUILT_IN))
