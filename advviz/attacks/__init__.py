"""Attacks: procedures that look for adversarial examples."""
