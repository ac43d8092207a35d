"""Models in memory: bounded, loaded when first asked for, used by the worker thread alone."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from advviz.compute import devices
from advviz.data import gallery, images
from advviz.experiments.protocol import NO_MODEL, REFERENCE
from advviz.models.records import record

if TYPE_CHECKING:
    from torch import Tensor

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

    @property
    def device(self) -> str:
        """Name the device that computes: "cpu" or "cuda"."""
        return devices.device()

    @property
    def merges(self) -> bool:
        """Say whether open queries about one model are answered together: not on a CPU."""
        return self.device != devices.CPU

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

    def respond_all(self, model: str, requests: Sequence[Any], numerics: str) -> list[Any]:
        """Answer what many have asked about a model: calls one by one, queries together."""
        from advviz.models.merging import MergingClassifier
        from advviz.protocol import Query

        classifier = self.classifier(model, numerics)
        queries = [request for request in requests if isinstance(request, Query)]
        if not isinstance(classifier, MergingClassifier):
            return [self.respond(model, request, numerics) for request in requests]
        answers = iter(classifier.answer_all(queries))
        return [next(answers) if isinstance(r, Query) else classifier.call(r) for r in requests]

    def classifier(self, model: str, numerics: str = REFERENCE) -> "Respondent":
        """Return who answers for a model, loading it if need be; for none, who refuses."""
        if model == NO_MODEL:
            from advviz.compute.no_network import NoNetwork

            return NoNetwork()
        name = (model, numerics)
        if name not in self._loaded:
            self._loaded[name] = _respondent(model, numerics, self.device, self.merges)
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

    def respondents(self) -> "tuple[tuple[tuple[str, str], Respondent], ...]":
        """List who answers, by model and numerics; to be looked at, not asked."""
        return tuple(self._loaded.items())


def _respondent(model: str, numerics: str, device: str, merges: bool) -> "Respondent":
    from advviz.models.classifier import Classifier
    from advviz.models.fast import FastClassifier
    from advviz.models.loading import load_model
    from advviz.models.merging import MergingClassifier

    module = load_model(model).to(device)
    if numerics == REFERENCE:
        plain = Classifier(module)
        return MergingClassifier(plain, plain) if merges else plain
    fast = FastClassifier(module, _fixed_test(record(model).input_size).to(device))
    return MergingClassifier(fast.exact, fast.fast, numerics=fast.numerics) if merges else fast


def _fixed_test(size: int) -> "Tensor":
    """Return the images [N, 3, size, size] that decide what a fast copy may do."""
    import torch

    from advviz.models.fast import TESTED_IMAGES

    tested = [
        torch.from_numpy(images.load(f"{images.SAMPLE_PREFIX}{sample.id}", size).pixels.copy())
        for sample in gallery.samples()[:TESTED_IMAGES]
    ]
    return torch.stack(tested)
