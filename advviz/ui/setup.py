"""What a user has set up: the experiment, and how its results are shown.

A `Setup` is the single truth of a session: widgets show it, links carry it, jobs come from it.
Pages share the picture, the target and the attack's budget, so these follow the user around.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from advviz.errors import InvalidInputError
from advviz.experiments import links, presets
from advviz.experiments.board import BoardSpec
from advviz.experiments.fields import check as check_fields
from advviz.experiments.fields import choice, read, switch, written
from advviz.experiments.specs import (
    PREDICTED,
    RESULT,
    UNTARGETED,
    AttackSpec,
    ExplainSpec,
    VisualizeSpec,
    made_by,
    true_class,
)
from advviz.models.records import record

GAINS = ("1", "2", "5", "10", "20")
SHARED = (
    "image",
    "target",
    "norm",
    "eps",
    "steps",
    "step_size",
    "random_start",
    "restarts",
    "seed",
)
"""Fields that the board and an attack have in common."""

ATTACK_EXTRAS = ("loss", "early_stop", "numerics")
EXPLAIN_EXTRAS = ("objective", "sigma_unit", "magnitude", "seed", "numerics")
"""Fields that only the pages of an attack and of a map have."""

PREFIX = "show."


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """How results are shown, and which of them; nothing here changes a number."""

    rows: str = choice("both", ("both", "standard", "robust"), "models on the board")
    gain: str = choice("1", GAINS, "how many times the true change is drawn")
    draw: str = choice("ink", ("ink", "rgb", "signed"), "how a gradient is drawn")
    scale: str = choice("picture", ("picture", "model", "all"), "maps that share one scale")
    transfer: bool = switch(False, "show each model the other model's attacked image")
    noise: bool = switch(False, "show the control: random noise of the same size")
    smooth: bool = switch(False, "interpolate enlarged pictures, for viewing only")

    def __post_init__(self) -> None:
        """Refuse what no control offers."""
        check_fields(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """One user's set-up; it follows them to every page."""

    board: BoardSpec
    visualize: VisualizeSpec
    model: str  # the model of the pages that show one
    attack_extras: Mapping[str, Any] = field(default_factory=dict)  # loss, numerics, ...
    explain_extras: Mapping[str, Any] = field(default_factory=dict)  # objective, sigma_unit, ...
    explained_class: str | None = None  # a class for the maps that is neither true nor target
    view: View = field(default_factory=View)

    def attack_on(self, model: str) -> AttackSpec:
        """The attack on one model, with the fields that the board does not have."""
        return replace(self.board.attack(model), **self.attack_extras)

    def explain_on(self, model: str, method: str, image: str) -> ExplainSpec:
        """The map of one model of its original or attacked picture."""
        spec = replace(self.board.row(model).smoothgrad, method=method, **self.explain_extras)
        attack = self.attack_on(model)
        return replace(
            spec,
            image=self.board.image if image == "original" else RESULT + links.to_link(attack),
            explained=self.explained_class or spec.explained,
        )

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

    def with_view(self, **values: Any) -> "Setup":
        """Change how results are shown."""
        return replace(self, view=replace(self.view, **values))

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


def default() -> Setup:
    """What a visitor without a link sees."""
    board = presets.home()
    drawn = VisualizeSpec(model=board.robust, unit=f"class:{board.target}")
    return Setup(board=board, visualize=drawn, model=board.standard)


def spec_of(setup: Setup, kind: str) -> links.AnySpec:
    """The spec that a page's link carries."""
    if kind == "board":
        return setup.board
    if kind == "attack":
        return setup.attack_on(setup.model)
    if kind == "visualize":
        return setup.visualize
    # The attacked picture brings its attack along; the page shows the original beside it.
    return setup.explain_on(setup.model, "smoothgrad", "attacked")


def to_query(setup: Setup, kind: str, shown: tuple[str, ...]) -> dict[str, str]:
    """The words of a page's link: its spec, and the fields of the view that it shows."""
    view = asdict(setup.view)
    words = links.to_query(spec_of(setup, kind))
    return words | {PREFIX + name: written(view[name]) for name in shown}


def from_query(setup: Setup, words: Mapping[str, str]) -> Setup:
    """The set-up of a link; what the link does not say stays as it was.

    Raises:
        InvalidInputError: in one sentence, for anything that no link of ours says.
    """
    declared = {f.name: f.metadata for f in fields(View)}
    values = {}
    for word, text in words.items():
        name = word.removeprefix(PREFIX)
        if word.startswith(PREFIX):
            if name not in declared:
                raise InvalidInputError(f"a link may say {PREFIX}{', '.join(declared)}, got {word}")
            values[name] = read(name, text, declared[name])
    setup = setup.with_view(**values)
    rest = {word: text for word, text in words.items() if not word.startswith(PREFIX)}
    return adopted(setup, links.from_query(rest)) if rest else setup


def adopted(setup: Setup, spec: links.AnySpec) -> Setup:
    """The set-up in which a page shows a given spec, once its names have been looked up.

    Raises:
        InvalidInputError: a model, class or picture that there is not.
    """
    if isinstance(spec, BoardSpec):
        found = setup.with_shared(spec)
    elif isinstance(spec, AttackSpec):
        found = _with_attack(setup, spec)
    elif isinstance(spec, ExplainSpec):
        found = _with_explanation(setup, spec)
    elif isinstance(spec, VisualizeSpec):
        found = replace(setup, visualize=spec, model=spec.model)
    else:
        raise InvalidInputError(f"no page shows a link of the kind {spec.kind}; open an attack")
    _look_up(found)
    return found


def _with_attack(setup: Setup, spec: AttackSpec) -> Setup:
    return replace(
        setup.with_board(**{name: getattr(spec, name) for name in SHARED}),
        model=spec.model,
        attack_extras={name: getattr(spec, name) for name in ATTACK_EXTRAS},
    )


def _with_explanation(setup: Setup, spec: ExplainSpec) -> Setup:
    attacked = spec.image.startswith(RESULT)
    if attacked:
        (made,) = made_by(spec.image)
        if not isinstance(made, AttackSpec):
            raise InvalidInputError(
                "this page explains photos and attacked photos; the link names a drawing"
            )
        setup = _with_attack(setup, made)
    else:
        setup = setup.with_board(image=spec.image)
    roles = {PREDICTED: PREDICTED, setup.target: "target", setup.true_class: "true"}
    setup = setup.with_board(
        explained=roles.get(spec.explained, "true"),
        explained_image="attacked" if attacked else "original",
        samples=spec.samples,
        sigma=spec.sigma,
    )
    return replace(
        setup,
        model=spec.model,
        explain_extras={
            name: getattr(spec, name)
            for name in EXPLAIN_EXTRAS
            if name != "seed" or spec.seed != setup.board.seed  # else it follows the attack's
        },
        explained_class=None if spec.explained in roles else spec.explained,
    )


def _look_up(setup: Setup) -> None:
    if setup.board.image.startswith(RESULT):
        raise InvalidInputError(
            "the pages start from a gallery picture or an upload, got the result of an attack"
        )
    for name in (setup.board.standard, setup.board.robust, setup.model):
        setup.attack_on(name).resolved()
    setup.visualize.resolved()
