"""Models: records, architectures, weights, and the classifier that answers queries."""

from advviz.models.model_record import ModelRecord
from advviz.models.registry import register

__all__ = ["ModelRecord", "register"]
