"""Models in memory: bounded, loaded when first asked for, used by the worker thread alone."""

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from advviz.data import gallery, images
from advviz.experiments.specs import FAST, REFERENCE
from advviz.models.records import record

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
        self._loaded: OrderedDict[tuple[str, str], Respondent] = OrderedDict()

    def prepare(self) -> None:
        """Load torch and everything else that the first job would wait for."""
        import advviz.experiments.procedures
        import advviz.models.classifier
        import advviz.models.loading  # noqa: F401

    def respond(self, model: str, request: Any, numerics: str = REFERENCE) -> Any:
        """Answer a query or a call about a model, itself or by its fast copy.

        Raises:
            UnknownNameError: no such model.
            WeightsError: its weights cannot be used.
        """
        from advviz.protocol import Query

        classifier = self.classifier(model, numerics)
        if isinstance(request, Query):
            return classifier.answer(request)
        return classifier.call(request)

    def classifier(self, model: str, numerics: str = REFERENCE) -> "Respondent":
        """Return who answers for a model, loading it if need be."""
        name = (model, numerics)
        if name not in self._loaded:
            self._loaded[name] = _fast(model) if numerics == FAST else _reference(model)
            while len(self._loaded) > self._limit:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(name)
        return self._loaded[name]

    def numerics(self, model: str, numerics: str) -> str:
        """Say in what arithmetic a model's directions were computed."""
        return str(getattr(self.classifier(model, numerics), "numerics", REFERENCE))

    def loaded(self) -> tuple[tuple[str, str], ...]:
        """List the models that are in memory, with their numerics."""
        return tuple(self._loaded)


def _reference(model: str) -> "Respondent":
    from advviz.models.classifier import Classifier
    from advviz.models.loading import load_model

    return Classifier(load_model(model))


def _fast(model: str) -> "Respondent":
    import torch

    from advviz.models.fast import TESTED_IMAGES, FastClassifier
    from advviz.models.loading import load_model

    size = record(model).input_size
    tested = [
        torch.from_numpy(images.load(f"{images.SAMPLE_PREFIX}{sample.id}", size).pixels.copy())
        for sample in gallery.samples()[:TESTED_IMAGES]
    ]
    return FastClassifier(load_model(model), torch.stack(tested))
