"""Bugs or features: both sides, and how the lab was done."""

from advviz.ui.figures import behind, rich, show
from advviz.ui.language import say

PAPER = "https://arxiv.org/abs/1905.02175"
DISTILL = "https://distill.pub/2019/advex-bugs-discussion/"
AUTHORS = "https://distill.pub/2019/advex-bugs-discussion/original-authors/"


def draw() -> str:
    """The caption, the two sides with their sources, and how the lab was done."""
    caption = say(
        "**This shows that brittle features can generalise; not that every adversarial "
        "example is one.**"
    )
    features = say(
        "**Features.** Ilyas et al. (2019) did this with deep networks on CIFAR-10 and a subset of "
        "ImageNet: what an attack writes into a picture helps on clean pictures, so it is a "
        "pattern of the data, useful and brittle, that humans do not use."
    )
    bugs = say(
        "**Bugs, too.** Nakkiran (Distill 2019) builds adversarial examples that carry no such "
        "pattern: training on them teaches nothing about clean pictures. Wallace (ibid.) "
        "shows that wrong labels from a network can pass on what it knows, as in distillation, "
        "without any attack. In a linear classifier both are one: the change is its weights."
    )
    answer = say(
        "**The authors' answer.** Engstrom et al. (Distill 2019): adversarial examples that are "
        "bugs can be made, and do not carry over to other networks; that some are features is "
        "enough for the claim."
    )
    pieces = "".join(f"<p>{rich(words)}</p>" for words in (caption, features, bugs, answer))
    links = (
        f'<p><a href="{PAPER}">arXiv:1905.02175</a> · <a href="{DISTILL}">Distill 2019: '
        f'{rich(say("the discussion"))}</a> · <a href="{AUTHORS}">'
        f"{rich(say('the authors answer'))}</a></p>"
    )
    return show(f'<div class="av-debate">{pieces}{links}</div>') + behind(
        say("How it is done, and what is kept apart"), f"<p>{rich(_method())}</p>"
    )


def _method() -> str:
    return say(
        "Each seed draws its own split of the pictures, first weights and random changes; where a "
        "data set has test pictures of its own, those are kept. The first classifier is trained on "
        "true labels, its weights chosen on validation pictures. Training and validation pictures "
        "are attacked; kept are those that it had right and now has wrong, labelled with the other "
        "class. The new classifier starts from fresh weights, and its weights are chosen on the "
        "kept, mislabelled validation pictures: it meets no true label, not even there. Test "
        "pictures are looked at once, by the finished classifiers. An interval runs from the "
        "lowest seed to the highest; from ten seeds it holds the median of all seeds with a "
        "probability of 99.8%. Seeds share pictures, so it is no interval for other data."
    )
