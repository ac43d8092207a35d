"""What a user has set up: the experiment, and how its results are shown.

A `Setup` is the single truth of a session: widgets show it, links carry it, jobs come from it.
Pages share the picture, the target and the attack, so these follow the user around.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from advviz.errors import InvalidInputError
from advviz.experiments import presets
from advviz.experiments.atlas import AtlasSpec
from advviz.experiments.board import BoardSpec
from advviz.experiments.codec import to_link
from advviz.experiments.explainer_choice import SMOOTHGRAD
from advviz.experiments.features import FeaturesSpec
from advviz.experiments.lab_training import LabTrainingSpec
from advviz.experiments.ladder import LadderSpec
from advviz.experiments.parameters import PREDICTED, UNTARGETED
from advviz.experiments.references import RESULT, true_class
from advviz.experiments.responses import ResponsesSpec
from advviz.experiments.specs import AttackSpec, ExplainSpec, VisualizeSpec
from advviz.models import ladders
from advviz.models.classes import known_class
from advviz.models.records import ModelRecord, record
from advviz.models.shelf import is_on_disk
from advviz.ui.explanations_choice import ExplanationChoice
from advviz.ui.measure import Measure
from advviz.ui.view import View


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """One user's set-up; it follows them to every page."""

    board: BoardSpec
    visualize: VisualizeSpec
    model: str  # the model of the pages that show one
    explain_extras: Mapping[str, Any] = field(default_factory=dict)  # objective, sigma_unit, ...
    explain_method: str = SMOOTHGRAD  # of the maps that stand beside the gradient
    explain_options: str = ""  # of that method, unless it is SmoothGrad
    explained_class: str | None = None  # a class for the maps that is neither true nor target
    rung: str | None = None  # where the ladder stands; None: on the robust model of the board
    view: View = field(default_factory=View)
    measure: Measure = field(default_factory=Measure)  # what the page Evaluate measures
    explanations: ExplanationChoice = field(default_factory=ExplanationChoice)
    features: FeaturesSpec = field(default_factory=FeaturesSpec)  # of the lab of that name
    training: LabTrainingSpec = field(default_factory=LabTrainingSpec)  # of its lab
    layer: AtlasSpec | None = None  # the atlas that was chosen; None: that of the last layer

    def attack(self, model: str) -> AttackSpec:
        """The attack on one model, through its own gradients."""
        return _attack(self.board, model)

    def explain_on(self, model: str, method: str, image: str) -> ExplainSpec:
        """The map of one model of its original or attacked picture."""
        spec = replace(
            self.board.row(model).smoothgrad,
            method=method,
            options=self.explain_options if method == self.explain_method else "",
            **self.explain_extras,
        )
        attack = self.attack(model)
        return replace(
            spec,
            image=self.board.image if image == "original" else RESULT + to_link(attack),
            explained=self.explained_class or spec.explained,
        )

    def atlas(self, model: str) -> AtlasSpec:
        """The atlas of one model: the same layer and settings as of the other."""
        return AtlasSpec(model=model) if self.layer is None else replace(self.layer, model=model)

    def responses(self, model: str) -> ResponsesSpec:
        """What one model's units answer to sample pictures."""
        layer = self.atlas(model).layer
        return ResponsesSpec(model=model, layer=layer, images=self.view.pictures)

    @property
    def models(self) -> tuple[str, ...]:
        """The ids of the models on the board, the standard one first."""
        both = (self.board.standard, self.board.robust)
        chosen = {"standard": both[:1], "robust": both[1:]}
        return chosen.get(self.view.rows, both)

    @property
    def size(self) -> int:
        """Pixels a side that the shown models receive."""
        return record(self.board.standard).input_size

    @property
    def true_class(self) -> str | None:
        """What the picture is known to show."""
        return true_class(self.board.image, record(self.board.standard))

    @property
    def roles(self) -> dict[str, str | None]:
        """The roles whose class maps can be for, and the class; None where each model says."""
        known = {"true": self.true_class, "predicted": None, "target": self.target}
        return {role: name for role, name in known.items() if name or role == PREDICTED}

    @property
    def role(self) -> str:
        """The role that the maps are for: without a class of that role, what each model says."""
        return self.board.explained if self.board.explained in self.roles else PREDICTED

    @property
    def target(self) -> str | None:
        """The class to reach; None for an untargeted attack."""
        return None if self.board.target == UNTARGETED else self.board.target

    def other(self, model: str) -> str:
        """The model in the other row."""
        return self.board.robust if model == self.board.standard else self.board.standard

    def with_board(self, **values: Any) -> "Setup":
        """Change fields of the board, and with them what all pages share."""
        return self.with_shared(replace(self.board, **values))

    def with_shared(self, board: BoardSpec) -> "Setup":
        """Take over another board; a drawing of the target follows the target."""
        visualize = self.visualize
        if visualize.unit == f"class:{self.board.target}" and board.target != UNTARGETED:
            visualize = replace(visualize, unit=f"class:{board.target}")
        return replace(self, board=board, visualize=visualize)

    @property
    def ladder(self) -> LadderSpec:
        """What the board asks, on every rung of the ladder of its models."""
        return _ladder(self.board, self.rung)

    def with_ladder(self, family: str) -> "Setup":
        """Choose a ladder: its lowest and highest rung become the models of all pages.

        A target that they do not know gives way to one that they know.

        Raises:
            UnknownNameError: no such ladder.
        """
        if family == self.ladder.family:
            return self
        found = ladders.rungs(family)
        return self.with_pair(found[0].id, found[-1].id)

    def with_pair(self, standard: str, robust: str) -> "Setup":
        """Choose the two models of all pages, which know the same classes.

        A target that they do not know becomes what they call it; one that is not known at all,
        or that the picture shows, gives way to the next class.

        Raises:
            UnknownNameError: no such model.
            InvalidInputError: the models do not know the same classes at the same size.
        """
        first, second = record(standard), record(robust)
        if not comparable(first, second):
            raise InvalidInputError(
                f"two models are compared on the same pixels and classes; {first.title} sees "
                f"{first.input_size} pixels and knows {len(first.classes)} classes, "
                f"{second.title} sees {second.input_size} and knows {len(second.classes)}; "
                "choose another pair"
            )
        target = self._target_for(first)
        drawn = first.classes[0] if target == UNTARGETED else target
        return replace(
            self,
            board=replace(self.board, standard=standard, robust=robust, target=target),
            visualize=VisualizeSpec(model=robust, unit=f"class:{drawn}"),
            model=standard,
            rung=None,
            explained_class=None,
            layer=None,
        )

    def with_model(self, model: str) -> "Setup":
        """Choose the model of the pages that show one; if it is not of the pair, a pair with it.

        Raises:
            UnknownNameError: no such model.
        """
        is_shown = model in (self.board.standard, self.board.robust)
        return replace(self if is_shown else self.with_pair(*pair_with(model)), model=model)

    def _target_for(self, described: ModelRecord) -> str:
        """Name the target as another model knows it, or the class after the true one."""
        target, shown = self.board.target, true_class(self.board.image, described)
        if target == UNTARGETED:
            return target
        ids = record(self.board.standard).wordnet_ids.get(target, ())
        known = known_class(described, (target, *ids))
        if known is not None and known != shown:
            return known
        following = 0 if shown is None else described.class_index(shown) + 1
        return described.classes[following % len(described.classes)]

    def with_view(self, **values: Any) -> "Setup":
        """Change how results are shown."""
        return replace(self, view=replace(self.view, **values))

    def with_measure(self, **values: Any) -> "Setup":
        """Change what the page Evaluate measures."""
        return replace(self, measure=replace(self.measure, **values))

    def with_explanations(self, **values: Any) -> "Setup":
        """Change what the page "Explanations measured" measures."""
        return replace(self, explanations=replace(self.explanations, **values))

    def with_features(self, **values: Any) -> "Setup":
        """Change what the lab "Bugs or features?" trains on, and how."""
        return replace(self, features=replace(self.features, **values))

    def with_training(self, **values: Any) -> "Setup":
        """Change what the lab trains."""
        return replace(self, training=replace(self.training, **values))

    def with_explained(self, chosen: str) -> "Setup":
        """Choose the class that the maps are for: by its role, or by its name."""
        if chosen in self.roles:
            return replace(self.with_board(explained=chosen), explained_class=None)
        return replace(self, explained_class=chosen)

    def with_image(self, image: str) -> "Setup":
        """Choose another picture; a target that it already shows gives way to the next class."""
        target, described = self.board.target, record(self.board.standard)
        if target == true_class(image, described):
            following = described.class_index(target) + 1
            target = described.classes[following % len(described.classes)]
        return self.with_board(image=image, target=target)


def comparable(first: ModelRecord, second: ModelRecord) -> bool:
    """Say whether two models can stand on one board: the same pixels, the same classes."""
    return first.input_size == second.input_size and (
        first.classes is second.classes or first.classes == second.classes
    )


def pair_with(model: str) -> tuple[str, str]:
    """Choose the partner of a model: the other end of its ladder that is here, or itself."""
    described = record(model)
    for rungs in ladders.ladders().values():
        ids = [rung.id for rung in rungs]
        others = [rung.id for rung in rungs if rung.id != model and is_on_disk(rung)]
        if model in ids and others:
            partner = others[0] if described.is_robust else others[-1]
            first, second = sorted((model, partner), key=ids.index)
            return first, second
    return model, model


@lru_cache(512)  # a class asks for the same ones, several times in a run
def _attack(board: BoardSpec, model: str) -> AttackSpec:
    return board.attack_on(model)


@lru_cache(512)
def _ladder(board: BoardSpec, rung: str | None) -> LadderSpec:
    family = ladders.ladder_of(board.standard, board.robust)
    ids = [described.id for described in ladders.rungs(family)]
    front = next((r for r in (rung, board.robust) if r in ids), ids[-1])
    return LadderSpec.of(board, family, front)


def default() -> Setup:
    """What a visitor without a link sees."""
    board = presets.home()
    drawn = VisualizeSpec(model=board.robust, unit=f"class:{board.target}")
    return Setup(board=board, visualize=drawn, model=board.standard)
