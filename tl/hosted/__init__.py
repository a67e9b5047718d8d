"""Hosted mode (TL_HOSTED=1): who a visitor is, what the server lets in, the settings without which it does not start, and
the policy that every home carries then."""
