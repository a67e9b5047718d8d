"""Pieces that every room of the page uses."""
