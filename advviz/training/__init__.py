"""Training: recipes, adversarial training, and the release of weights."""
