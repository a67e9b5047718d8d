"""Settings without which a hosted TL Lab does not start: what each must be, why, and the variable that sets it."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from tl.config import Refused
from tl.hosted.limits import limits
from tl.languages import say

GetOption = Callable[[str], Any]  # streamlit.get_option


class Requirement(NamedTuple):
    """What one of Streamlit's options must be."""

    holds: Callable[[Any], bool]
    must: str  # in words, after "must"
    why: str
    value: str  # that is safe, as a variable of the environment gives it


def _is(value: bool, why: str) -> Requirement:
    wanted = str(value).lower()
    return Requirement(lambda found: found is value, say("be {value}", value=wanted), why, wanted)


def _at_most(most: int, unit: str, why: str) -> Requirement:
    must = say("be at most {most} {unit}", most=most, unit=unit)
    return Requirement(lambda found: 0 < found <= most, must, why, str(most))


def _hosts(found: Any) -> bool:
    return bool(found) and all(isinstance(host, str) and host.strip() not in ("", "*", "*.") for host in found)


def requirements() -> dict[str, Requirement]:
    """Option -> what it must be. Raises Refused for limits that are none."""
    memory = say("it is kept in memory for every visitor")
    return {
        "server.enableXsrfProtection": _is(True, say("other sites could upload in a visitor's name")),
        "server.enableCORS": _is(True, say("other sites could use a visitor's session")),
        "server.corsAllowedOrigins": Requirement(
            lambda found: not found, say("be empty"), say("those sites could use a visitor's session"), ""
        ),
        "server.allowedHosts": Requirement(
            _hosts,
            say("name the hosts this server is reached by, not '*'"),
            say("a foreign name could be pointed at this server"),
            "demo.example.org",
        ),
        "server.xsrfCookieSameSite": Requirement(
            lambda found: str(found).lower() in ("lax", "strict"),
            say("be lax or strict"),
            say("other sites could send it"),
            "lax",
        ),
        "server.enableStaticServing": _is(False, say("files would be served without asking whose they are")),
        "server.enableAgentApi": _is(False, say("programs could use visitors' sessions")),
        "server.scriptHealthCheckEnabled": _is(False, say("anyone could make pages run")),
        "server.trustedUserHeaders": Requirement(
            lambda found: not found, say("be {value}", value="{}"), say("anyone could send those headers"), "{}"
        ),
        "server.maxUploadSize": _at_most(limits().upload_megabytes, "MB", memory),
        "server.maxMessageSize": _at_most(64, "MB", memory),
        "server.maxWidgetStateSize": _at_most(5, "MB", memory),
        "server.disconnectedSessionTTL": _at_most(60, say("seconds"), memory),
        "global.developmentMode": _is(False, say("it answers every site")),
        "client.showErrorDetails": Requirement(
            lambda found: found == "none",
            say("be {value}", value="none"),
            say("visitors would see file names and code"),
            "none",
        ),
        "logger.level": Requirement(
            lambda found: found != "debug",
            say("not be {value}", value="debug"),
            say("session ids, which are secrets, would be logged"),
            "info",
        ),
    }


def check(get_option: GetOption) -> None:
    """Raise Refused, one line per setting, where one that is in force is unsafe."""
    found = ((option, get_option(option), needed) for option, needed in requirements().items())
    unsafe = [_sentence(option, value, needed) for option, value, needed in found if not needed.holds(value)]
    if unsafe:
        raise Refused("\n".join([say("A hosted TL Lab does not start with these settings:"), *unsafe]))


def _sentence(option: str, value: Any, needed: Requirement) -> str:
    return say(
        "- {option} is {value!r}; it must {must}, otherwise {why}. Set {variable}={safe}",
        option=option,
        value=value,
        must=needed.must,
        why=needed.why,
        variable=variable(option),
        safe=needed.value,
    )


def variable(option: str) -> str:
    """Name of the variable of the environment that sets one of Streamlit's options."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", option.replace(".", "_"))
    return f"STREAMLIT_{words.upper()}"
