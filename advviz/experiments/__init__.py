"""Experiments: specs, their links and flags, and the procedures that they stand for."""
