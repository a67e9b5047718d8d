"""Learned from one set, worked on another: how well, how different the two are, what goes wrong; numbers in and out."""
