"""advviz: see why neural networks are fooled, and what they look at."""

__version__ = "0.1.0"
