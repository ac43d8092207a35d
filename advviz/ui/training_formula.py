"""The formula of adversarial training, and what each of its parts is in the lab."""

import streamlit as st

from advviz.experiments.lab_training import DIGITS, LabTrainingSpec
from advviz.ui import figures
from advviz.ui.language import say
from advviz.ui.training_controls import network_names
from advviz.ui.words import strength

FORMULA = (
    r"\min_{\theta}\;\; \mathbb{E}_{(x,\,y)}\;\Big[\;\max_{\|\delta\|_{%s}\,\le\,%s}\;"
    r"L\big(f_{\theta}(x+\delta),\,y\big)\Big]"
)


def show(spec: LabTrainingSpec) -> None:
    """Typeset the formula, and say beside it what does each part here."""
    st.subheader(say("What is minimized, and what does it"))
    left, right = st.columns([1, 1.3], gap="large", vertical_alignment="center")
    with left:
        st.latex(FORMULA % ("2" if spec.norm == "l2" else r"\infty", f"{spec.eps:.3g}"))
        st.caption(
            say(
                "Madry et al., ICLR 2018, arXiv:1706.06083. The standard network has no maximum: "
                "δ = 0. An attack of a few steps finds a large loss, never surely the largest."
            )
        )
    with right:
        st.html(figures.table([say("part"), say("what it is"), say("here")], _parts(spec)))


def _parts(spec: LabTrainingSpec) -> list[list[str]]:
    start = (
        say("from a random point of the ball") if spec.starts_at_random else say("from the image")
    )
    search = say(
        "{steps} × a step of length {size}, {start}",
        steps=spec.steps_trained_with,
        size=f"{spec.step_trained_with:.3g}",
        start=start,
    )
    descent = say(
        "gradient descent, momentum 0.9, learning rate up to {rate}, {batch} images a step, "
        "{epochs} epochs",
        rate=f"{spec.learning_rate:g}",
        batch=spec.batch,
        epochs=spec.epochs,
    )
    network = network_names()[spec.network]
    loss = f"{say('cross-entropy')}, {network}"
    data = say("digits") if spec.data == DIGITS else "CIFAR-10"
    rows = [
        ["min θ", say("learn the weights"), descent],
        ["E (x, y)", say("over images and their labels"), data],
        ["max δ", say("the attacker looks for the worst change"), search],
        ["‖δ‖ ≤ ε", say("within reach"), strength(spec.norm, spec.eps)],
        [
            "L(f(x + δ), y)",
            say("the loss of the network there"),
            loss,
        ],
    ]
    if spec.data == DIGITS and spec.norm == "l2":
        same = say(
            "a digit has one channel; as an RGB picture the same change has the length {eps}",
            eps=f"{spec.eps_in_rgb:.3g}",
        )
        rows.append(["", say("on the other pages"), same])
    return rows
