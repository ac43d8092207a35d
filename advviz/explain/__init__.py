"""Explanations: procedures that map a score back to pixels."""
