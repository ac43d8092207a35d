"""Explanations measured: methods and models over many images, and where a measure fails."""
