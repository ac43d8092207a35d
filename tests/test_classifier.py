"""A call may do anything to the module; afterwards the module is as it was."""

import pytest
import torch
from torch import nn

from advviz.models.classifier import HOOKS, Classifier
from advviz.protocol import Call


def spoil(module):
    module.train()
    module.requires_grad_(True)
    module[0].register_forward_hook(lambda *_: None)
    module[0].register_forward_pre_hook(lambda *_: None)
    module[0].register_full_backward_hook(lambda *_: None)
    module(torch.ones(2, 3, requires_grad=True)).sum().backward()
    return "done"


def spoil_and_fail(module):
    spoil(module)
    raise RuntimeError("in the middle")


def state(module):
    return (
        module.training,
        [p.requires_grad for p in module.parameters()],
        [p.grad for p in module.parameters()],
        [len(getattr(m, kind)) for m in module.modules() for kind in HOOKS],
    )


def test_a_call_leaves_no_hook_no_mode_and_no_gradient():
    classifier = Classifier(nn.Sequential(nn.Linear(3, 4), nn.ReLU()))
    before = state(classifier.module)
    assert classifier.call(Call(spoil)) == "done"
    assert state(classifier.module) == before


def test_a_call_that_fails_leaves_none_either():
    classifier = Classifier(nn.Sequential(nn.Linear(3, 4), nn.ReLU()))
    before = state(classifier.module)
    with pytest.raises(RuntimeError, match="in the middle"):
        classifier.call(Call(spoil_and_fail))
    assert state(classifier.module) == before


def test_hooks_of_others_survive_a_call():
    module = nn.Sequential(nn.Linear(3, 4))
    heard = []
    module[0].register_forward_hook(lambda *_: heard.append(1))
    classifier = Classifier(module)
    classifier.call(Call(lambda m: m(torch.ones(1, 3))))
    classifier.call(Call(lambda m: m(torch.ones(1, 3))))
    assert heard == [1, 1]
