"""The explainers that look inside the network: entries of the catalogue."""

from advviz.explain import inside_parameters as told
from advviz.explain.entry import Explainer, made_in, made_inside
from advviz.explain.parameters import Nothing

VIT = "a vision transformer, such as torchvision:vit_b_16"

LOOK_INSIDE = (
    Explainer(
        name="guided-backprop",
        title="Guided Backprop",
        paper="Springenberg et al., ICLR 2015 workshop, arXiv:1412.6806",
        is_="A gradient that lets only positive values pass at every rectifier, and of a smooth "
        "one, such as SiLU, only through positive slopes.",
        notice="Crisp outlines: whose are they, the class's or the picture's?",
        cannot="It hardly depends on the class or on the upper layers: it restores the picture "
        "more than it explains the answer.",
        params=Nothing,
        make=made_inside("guided", "guided_backprop", told=False),
        score="logit",
        exact=True,
        needs_module=True,
    ),
    Explainer(
        name="deeplift",
        title="DeepLift",
        paper="Shrikumar et al., ICML 2017, arXiv:1704.02685",
        is_="The score's difference from an empty picture's, passed back as differences by the "
        "rescale rule: shares that add up to it.",
        notice="Choose another empty picture: what stays was not its doing.",
        cannot="That the shares add up does not make them right; attention and layer norm have "
        "no rule, and there they do not even add up.",
        params=told.DeepLift,
        make=made_in("deeplift", "of_catalogue"),
        score="logit",
        exact=True,
        random=True,  # one of its baselines is
        needs_module=True,
        version=2,
    ),
    Explainer(
        name="grad-cam",
        title="Grad-CAM",
        paper="Selvaraju et al., ICCV 2017, arXiv:1610.02391",
        is_="Where the channels of a layer are active that the class's logit rises with: one "
        "value for each position of the layer, enlarged to the picture.",
        notice="How coarse is it? The squares are the layer's, their smooth course is invented.",
        cannot="It cannot tell which pixels count: a position of a late layer sees nearly the "
        "whole picture.",
        params=told.GradCam,
        make=made_inside("gradcam", "grad_cam"),
        score="logit",
        exact=True,
        needs_module=True,
        layer=True,
        network="a layer with places in the picture, or with tokens",
        version=2,
    ),
    Explainer(
        name="guided-grad-cam",
        title="Guided Grad-CAM",
        paper="Selvaraju et al., ICCV 2017, arXiv:1610.02391",
        is_="Guided Backprop, times the positive part of Grad-CAM, enlarged to the picture.",
        notice="The outlines are Guided Backprop's; only where they are kept tells of the class.",
        cannot="It knows no more than its two factors: the fine lines are no finer knowledge.",
        params=told.GuidedGradCam,
        make=made_inside("gradcam", "guided_grad_cam"),
        score="logit",
        exact=True,
        needs_module=True,
        layer=True,
        network="a layer with places in the picture, or with tokens",
        version=2,
    ),
    Explainer(
        name="lrp",
        title="LRP: relevance propagation",
        paper="Bach et al., PLoS ONE 2015; Montavon et al., 2019",
        is_="The logit, handed back layer by layer: each output shares what it got among its "
        "inputs, by what they contributed.",
        notice="Compare the rules: what changes with them is theirs, not the network's.",
        cannot="The rules are chosen for tidy maps, and biases keep a part of the score, which "
        "is said beside the map.",
        params=told.Relevance,
        make=made_inside("relevance", "relevance"),
        score="logit",
        exact=True,
        needs_module=True,
        network="a network of convolutions, batch norm, activations that are zero at zero, "
        "pooling and sums",
        version=2,
    ),
    Explainer(
        name="attention-rollout",
        title="Attention rollout",
        paper="Abnar & Zuidema, ACL 2020, arXiv:2005.00928",
        is_="The attention of all blocks multiplied, each half mixed with its skip connection: "
        "where the class token's content comes from.",
        notice="It is one and the same map for every class.",
        cannot="It tells nothing of a class, nor what the values and the layers between make of "
        "what is attended to.",
        params=Nothing,
        make=made_inside("attention", "attention_rollout", told=False),
        score="logit",
        exact=True,
        needs_module=True,
        blind=True,
        network=VIT,
    ),
    Explainer(
        name="gradient-attention",
        title="Gradient attention",
        paper="Chefer et al., ICCV 2021, arXiv:2103.15679",
        is_="The attention of each block where more of it would raise the class's logit, "
        "gathered along the blocks.",
        notice="Compare classes: attention rollout cannot tell them apart, does this?",
        cannot="It hides what speaks against the class: negative products are dropped.",
        params=Nothing,
        make=made_inside("attention", "gradient_attention", told=False),
        score="logit",
        exact=True,
        needs_module=True,
        network=VIT,
    ),
)
"""What they explain is the class's logit alone: their papers define them for it."""
