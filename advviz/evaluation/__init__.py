"""Many experiments, one figure: shares with their intervals. Importing it loads no torch."""

from advviz.evaluation.setup import EvaluationSetup
from advviz.evaluation.wilson import Share, wilson

__all__ = ["EvaluationSetup", "Share", "wilson"]
