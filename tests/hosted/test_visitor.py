"""The visitor's secret: long, not guessable, and nowhere but in the cookie."""

from tl.config import ID_PATTERN
from tl.hosted import visitor


def test_secrets_have_128_bits_and_never_come_twice():
    secrets = {visitor.new_secret() for _ in range(1000)}
    assert len(secrets) == 1000
    assert all(visitor.secret_in({visitor.COOKIE: secret}) == secret for secret in secrets)
    assert {len(secret) for secret in secrets} == {22}  # 22 letters of 64 hold 128 bits


def test_the_owner_is_an_id_that_does_not_hold_the_secret():
    secret = visitor.new_secret()
    owner = visitor.owner_in({visitor.COOKIE: secret})
    assert ID_PATTERN.fullmatch(owner)
    assert secret not in owner
    assert visitor.owner_in({visitor.COOKIE: visitor.new_secret()}) != owner


def test_the_cookie_of_this_host_counts_before_one_that_others_could_set():
    mine, planted = visitor.new_secret(), visitor.new_secret()
    assert visitor.secret_in({visitor.COOKIE: planted, visitor.SECURE_COOKIE: mine}) == mine


def test_no_cookie_is_no_owner():
    assert visitor.owner_in({}) is None
    assert visitor.owner_in({visitor.COOKIE: "x"}) is None


def test_sessions_are_remembered_up_to_a_number(monkeypatch):
    monkeypatch.setattr(visitor, "MOST_SESSIONS", 3)
    monkeypatch.setattr(visitor, "_sessions", visitor.OrderedDict())
    for number in range(5):
        visitor.bind(f"s{number}", "owner")
    assert [visitor.may_use(f"s{number}", "owner") for number in range(5)] == [False, False, True, True, True]
    assert not visitor.may_use("s4", None)
