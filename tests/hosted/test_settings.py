"""The settings a hosted server needs: each unsafe value is named, with the variable that sets it right."""

import pytest
import streamlit as st
from streamlit import config

from tl.config import Refused
from tl.hosted import settings

UNSAFE = {
    "server.enableXsrfProtection": [False],
    "server.enableCORS": [False],
    "server.corsAllowedOrigins": [["https://evil.example"]],
    "server.allowedHosts": [[], ["*"], ["demo.example", "*"], [""]],
    "server.xsrfCookieSameSite": ["none", "None"],
    "server.enableStaticServing": [True],
    "server.enableAgentApi": [True],
    "server.scriptHealthCheckEnabled": [True],
    "server.trustedUserHeaders": [{"X-User": "email"}],
    "server.maxUploadSize": [51, 200, 0],
    "server.maxMessageSize": [200],
    "server.maxWidgetStateSize": [25],
    "server.disconnectedSessionTTL": [120],
    "global.developmentMode": [True],
    "client.showErrorDetails": ["full", "stacktrace", "type", True, False],
    "logger.level": ["debug"],
}
SAFE = {
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.corsAllowedOrigins": [],
    "server.allowedHosts": ["demo.example", "*.demo.example"],
    "server.xsrfCookieSameSite": "lax",
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.scriptHealthCheckEnabled": False,
    "server.trustedUserHeaders": {},
    "server.maxUploadSize": 50,
    "server.maxMessageSize": 64,
    "server.maxWidgetStateSize": 5,
    "server.disconnectedSessionTTL": 60,
    "global.developmentMode": False,
    "client.showErrorDetails": "none",
    "logger.level": "info",
}


@pytest.fixture(autouse=True)
def hosted(monkeypatch):
    monkeypatch.setenv("TL_HOSTED", "1")


def test_safe_settings_pass_and_all_are_tried():
    settings.check(SAFE.get)
    assert settings.requirements().keys() == SAFE.keys() == UNSAFE.keys()


@pytest.mark.parametrize(("option", "value"), [(option, value) for option in UNSAFE for value in UNSAFE[option]])
def test_each_unsafe_value_is_refused_by_name(option, value):
    with pytest.raises(Refused) as refusal:
        settings.check((SAFE | {option: value}).get)
    [line] = str(refusal.value).splitlines()[1:]
    assert line.startswith(f"- {option} is {value!r}; it must ")
    assert f"Set {settings.variable(option)}=" in line


@pytest.mark.parametrize("option", SAFE)
def test_every_option_exists_and_its_variable_is_streamlits(option):
    st.get_option(option)
    assert config._config_options_template[option].env_var == settings.variable(option)


def test_a_larger_limit_allows_larger_uploads(monkeypatch):
    monkeypatch.setenv("TL_LIMIT_UPLOAD_MEGABYTES", "80")
    settings.check((SAFE | {"server.maxUploadSize": 80}).get)
