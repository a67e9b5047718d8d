"""What people call their data sets: read from the folder alone, for listing, which must import little."""

from tl.config import NAME_PATTERN
from tl.store.files import read_json
from tl.store.home import Home


def title_of(home: Home, name: str) -> str:
    """The title of a data set of one's own; the name itself of every other one, and where nothing is known."""
    if not NAME_PATTERN.fullmatch(name):
        return name
    about = read_json(home.dataset_dir(name) / "dataset.json")
    own = isinstance(about, dict) and about.get("origin") == "upload" and isinstance(about.get("title"), str)
    return str(about["title"]) if own and isinstance(about, dict) else name
