"""What is known of a model but its weights, and where these come from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from advviz.errors import UnknownNameError
from advviz.resources import assets

FEW_CLASSES = 20
"""Up to so many classes are listed in a message; of more, those of a similar name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledFile:
    """Weights that ship with advviz, beside their record."""

    kind: ClassVar[str] = "bundled"
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HubCheckpoint:
    """A checkpoint on the Hugging Face hub.

    Args:
        repository: owner and name.
        revision: commit, tag or branch.
        file: name in the repository.
        sha256: of the file as published; None where unknown, then recorded at first use.
        size: bytes of it; None where unknown.
    """

    kind: ClassVar[str] = "hub"
    repository: str
    revision: str
    file: str
    sha256: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchvisionWeights:
    """A member of one of torchvision's weight enums.

    Args:
        builder: name of torchvision's function, such as "resnet50".
        weights: name of the member, such as "IMAGENET1K_V1".
        url: the file; its name ends in the first digits of its sha256.
    """

    kind: ClassVar[str] = "torchvision"
    builder: str
    weights: str
    url: str

    @property
    def sha256_prefix(self) -> str:
        """Return the digits of the sha256 that the file's name gives."""
        return Path(self.url).stem.rpartition("-")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFile:
    """A file of the user's, beside a record of the user's."""

    kind: ClassVar[str] = "own"
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedFile:
    """A file that came through the browser; it is kept in memory."""

    kind: ClassVar[str] = "upload"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredModule:
    """A module that was registered from Python."""

    kind: ClassVar[str] = "registered"


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomWeights:
    """No file: the weights that the builder draws, from a seed; see `randomized`.

    Args:
        seed: of the weights.
        trained: id of the model whose copy it is.
        layer: from which on, up to the logits, weights are random; empty: all are.
    """

    kind: ClassVar[str] = "random"
    seed: int
    trained: str = ""
    layer: str = ""


Origin = (
    BundledFile
    | HubCheckpoint
    | TorchvisionWeights
    | OwnFile
    | UploadedFile
    | RegisteredModule
    | RandomWeights
)
FETCHED = (HubCheckpoint, TorchvisionWeights)
"""Origins whose weights have to be downloaded once."""


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class ModelRecord:
    """All that is known of a model but its weights.

    Args:
        id: name in links and on the command line.
        title: name for people.
        family: models that belong on one shelf: "tiny14", "imagenet-robust", "yours", ...
        vocabulary: whose class ids these are: "tiny14", "cifar10", "imagenet" or "own".
        architecture: name of the network's builder: "SlimResNet", "torchvision:resnet18", ...
        source: where the weights come from, in words.
        origin: where the weights come from, for the loader; None: the bundled `file`.
        licence: of the weights.
        citation: what to cite; empty where there is nothing.
        sha256: of the weights file, or of the checkpoint as published; None where unknown.
        file: name of a bundled weights file, beside the record.
        input_size: height and width in pixels.
        mean: of the normalization, per channel.
        std: of the normalization, per channel.
        transform: how published accuracies prepare an image: resize, crop, interpolation.
        classes: class ids in the order of the logits.
        wordnet_ids: class id to the WordNet ids that it stands for.
        training_norm: norm of the training attack; None for a standard model.
        training_eps: radius of the training attack, pixels in [0, 1]; 0 for a standard one.
        augmented: trained with adversarial images as augmentation, which makes no model
            robust to a search.
        recipe: every setting of the training run.
        command: that made the weights.
        accuracies: what was measured here, each with n, value, low, high, and the command.
        published: accuracies from elsewhere, each with its value and source.
        layers: named layers offered for feature visualization, with their channel counts;
            the penultimate one comes first.
    """

    id: str
    title: str
    architecture: str
    source: str
    licence: str
    input_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: tuple[str, ...]
    family: str = "yours"
    vocabulary: str = "own"
    origin: Origin | None = None
    citation: str = ""
    sha256: str | None = None
    file: str = ""
    transform: Mapping[str, Any] = field(default_factory=_nothing)
    wordnet_ids: Mapping[str, tuple[str, ...]] = field(default_factory=_nothing)
    training_norm: str | None = None
    training_eps: float = 0.0
    augmented: bool = False
    recipe: Mapping[str, Any] = field(default_factory=_nothing)
    command: str = ""
    accuracies: Mapping[str, Any] = field(default_factory=_nothing)
    published: Mapping[str, Any] = field(default_factory=_nothing)
    layers: Mapping[str, int] = field(default_factory=_nothing)

    @property
    def training(self) -> str:
        """Name the kind of training: "standard", "adversarial" or "augmented"."""
        if self.augmented:
            return "augmented"
        return "standard" if self.training_norm is None else "adversarial"

    @property
    def is_robust(self) -> bool:
        """Say whether the model was trained against an attacker who searches."""
        return self.training == "adversarial"

    @property
    def weights_origin(self) -> Origin:
        """Say where the loader finds the weights."""
        return self.origin or BundledFile(file=self.file)

    @property
    def weights(self) -> Path:
        """Locate the weights file of a bundled model."""
        return assets() / "models" / self.file

    @property
    def penultimate(self) -> str | None:
        """Name the layer whose units feed the logits; None where no layer is named."""
        return next(iter(self.layers), None)

    def class_index(self, name: str) -> int:
        """Return the logit of a class.

        Raises:
            UnknownNameError: the model knows no such class.
        """
        index = self._indices.get(name)
        if index is None:
            raise UnknownNameError(f"{self.id} knows no class {name[:80]!r}; {self._known(name)}")
        return index

    def as_dict(self) -> dict[str, Any]:
        """Return every field as JSON has it."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        origin = self.weights_origin
        values["origin"] = {"kind": origin.kind, **asdict(origin)}
        values["training"] = self.training
        return {k: dict(v) if isinstance(v, Mapping) else v for k, v in values.items()}

    @cached_property
    def _indices(self) -> Mapping[str, int]:
        return {name: index for index, name in enumerate(self.classes)}

    def _known(self, name: str) -> str:
        if len(self.classes) <= FEW_CLASSES:
            return f"it knows {', '.join(self.classes)}"
        similar = get_close_matches(name[:80], self.classes, n=5, cutoff=0.5)
        first = similar or self.classes[:3]
        return f"it knows {len(self.classes)} classes, such as {', '.join(first)}"
