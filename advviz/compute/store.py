"""Models in memory: bounded, loaded when first asked for, used by the worker thread alone."""

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from advviz.protocol import Respondent

MODELS = 4


class ModelStore:
    """The classifiers that answer, the least recently used leaving first.

    Args:
        limit: models that may stay loaded.
    """

    def __init__(self, limit: int = MODELS) -> None:
        self._limit = limit
        self._loaded: OrderedDict[str, Respondent] = OrderedDict()

    def prepare(self) -> None:
        """Load torch and everything else that the first job would wait for."""
        import advviz.experiments.procedures
        import advviz.models.classifier
        import advviz.models.loading  # noqa: F401

    def respond(self, model: str, request: Any) -> Any:
        """Answer a query or a call about a model.

        Raises:
            UnknownNameError: no such model.
            WeightsError: its weights cannot be used.
        """
        from advviz.protocol import Query

        classifier = self.classifier(model)
        if isinstance(request, Query):
            return classifier.answer(request)
        return classifier.call(request)

    def classifier(self, model: str) -> "Respondent":
        """Return a model's classifier, loading it if need be."""
        from advviz.models.classifier import Classifier
        from advviz.models.loading import load_model

        if model not in self._loaded:
            self._loaded[model] = Classifier(load_model(model))
            while len(self._loaded) > self._limit:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(model)
        return self._loaded[model]

    def loaded(self) -> tuple[str, ...]:
        """List the models that are in memory."""
        return tuple(self._loaded)
