"""The arms of a comparison as text: `scratch:epochs=80,full_finetuning:learning_rate=3e-4:name="mine, slower"`.

What an arm transfers where that is not what the others do: `linear_probe:backbone=timm:vit_tiny_patch16_224:resolution=224`.
"""

import re
from collections import Counter
from dataclasses import fields
from typing import Any, get_args, get_type_hints

from tl.config import TRANSFERRED, ArmConfig, refusal
from tl.config.refusals import must_be
from tl.differences import usual_name
from tl.effects import of_another_strategy
from tl.languages import later, say
from tl.strategies import STRATEGIES

SETTINGS = tuple(entry.name for entry in fields(ArmConfig) if entry.name != "strategy")

_NEEDS_QUOTES = re.compile(r'[,:="]')
_WITH_COLONS = ("backbone", "weights")  # whose values may have colons in them without being quoted


def parse_arms(text: str, learning_rate: float | None = None) -> tuple[ArmConfig, ...]:
    """Arms from `STRATEGY[:SETTING=VALUE]...` joined by commas; `learning_rate` for those without one of their own.

    An arm is named after its strategy and what it transfers where that is its own (see usual_name); where that comes
    twice, after what is set as well. What stands in double quotes is one value, whatever signs it has; two of them are
    one of its own. Raises Refused, also for a setting that means nothing to its strategy.
    """
    parts = [part.strip() for part in _split(text, ",")]
    parsed = [_parse(part) for part in parts]
    usual = [usual_name(settings["strategy"], settings) for settings in parsed]
    times = Counter(usual)
    arms: list[ArmConfig] = []
    taken: set[str] = set()
    for part, settings, name_of in zip(parts, parsed, usual, strict=True):
        name = settings.pop("name", None)
        if name is None:
            others = " ".join(piece for piece in _settings(part) if piece.partition("=")[0] not in TRANSFERRED)
            name = _free((f"{name_of} {others}".strip() if times[name_of] > 1 else name_of)[:56], taken)
        taken.add(name)
        if "learning_rate" not in of_another_strategy(settings["strategy"]):
            settings = {"learning_rate": learning_rate} | settings
        arms.append(ArmConfig(**settings, name=name))
    return tuple(arms)


def convert(name: str, kind: Any, text: str) -> Any:
    """`text` as the type of a setting (`int`, `float | None`, ...). Raises Refused."""
    kind = value_type(kind)
    try:
        return kind(text)
    except ValueError:
        raise must_be(name, text, say("a whole number") if kind is int else say("a number")) from None


def value_type(kind: Any) -> type:
    """`int` for `int | None`, and so on."""
    found: type = next((part for part in get_args(kind) if part is not type(None)), kind)
    return found


def _settings(part: str) -> list[str]:
    """What is set of an arm, as it is written; `timm:NAME` is one value."""
    found: list[str] = []
    for piece in _split(part, ":")[1:]:
        if found and "=" not in piece and found[-1].partition("=")[0] in _WITH_COLONS:
            found[-1] += f":{piece}"
        else:
            found.append(piece)
    return found


def _parse(part: str) -> dict[str, Any]:
    strategy = _split(part, ":")[0]
    settings = _settings(part)
    if strategy not in STRATEGIES:
        there_is = ", ".join(STRATEGIES)
        raise refusal(
            "arms names an unknown strategy, {strategy!r}; choose one of {names}.", strategy=strategy, names=there_is
        )
    kinds, values = get_type_hints(ArmConfig), {"strategy": strategy}
    for setting in settings:
        name, equals, value = setting.partition("=")
        name = name.replace("-", "_")
        if not equals or name not in SETTINGS:
            wrong = later("arms sets {setting!r} for {strategy}; write SETTING=VALUE with one of {names}.")
            raise refusal(wrong, setting=setting, strategy=strategy, names=", ".join(SETTINGS))
        if name in of_another_strategy(strategy):
            own = ", ".join(entry for entry in SETTINGS if entry not in of_another_strategy(strategy))
            idle = later("arms sets {name} for {strategy}, where it has no effect; what can be set there: {names}.")
            raise refusal(idle, name=name, strategy=strategy, names=own)
        values[name] = convert(name, kinds[name], unquoted(value))
    return values


def _split(text: str, sign: str) -> list[str]:
    """The parts between `sign`, where that is not in double quotes. Raises Refused for quotes that don't end."""
    if text.count('"') % 2:
        raise refusal("arms is {text!r:.200}; a double quote in it is not closed.", text=text)
    parts = [""]
    for place, piece in enumerate(text.split('"')):
        first, *others = [piece] if place % 2 else piece.split(sign)
        parts[-1] += ('"' if place else "") + first
        parts += others
    return parts


def quoted(value: str) -> str:
    """A value as `parse_arms` reads it back, in double quotes where it needs them."""
    doubled = value.replace('"', '""')
    return f'"{doubled}"' if _NEEDS_QUOTES.search(value) or value != value.strip() else value


def unquoted(value: str) -> str:
    """What `quoted` was given."""
    inside = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    return inside.replace('""', '"')


def _free(name: str, taken: set[str]) -> str:
    return next(other for other in (name, *(f"{name} {number}" for number in range(2, 99))) if other not in taken)
