"""Settings as JSON, and back: what earlier versions wrote is read, what a newer one wrote is refused."""

from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Self

from tl.config.refusals import Newer, require
from tl.languages import later


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings that are kept as a JSON document."""

    # Written where they are not the usual ones, so that earlier versions read all else.
    OPTIONAL: ClassVar[tuple[str, ...]] = ()
    # What earlier versions did not have, with the values that do what those versions did.
    EARLIER: ClassVar[dict[str, Any]] = {}

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict, without what is optional and as usual; `from_json` gives the same settings back."""
        usual = {entry.name: entry.default for entry in fields(self) if entry.name in self.OPTIONAL}
        return {name: value for name, value in asdict(self).items() if name not in usual or value != usual[name]}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Read back what `to_json` wrote; unknown settings are refused, as Newer where a newer version has written them."""
        return cls(**cls._known(document))

    @classmethod
    def _known(cls, document: dict[str, Any]) -> dict[str, Any]:
        known = {entry.name for entry in fields(cls)}
        unknown = sorted(set(document) - known)
        needed = known - set(cls.OPTIONAL)
        if unknown and needed <= set(document):  # settings are added and never renamed: else a name was damaged
            raise Newer(unknown)
        require(not unknown, "settings", ", ".join(unknown), later("known to this version of TL Lab; update it"))
        return cls.EARLIER | document
