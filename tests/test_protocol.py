"""The protocol: procedures, who answers them, and what an answer may depend on."""

import pytest
import torch
from toys import InParts, convolutional, labels, linear, normal, pictures

from advviz.errors import UnknownNameError
from advviz.models import memory
from advviz.models.classifier import Classifier
from advviz.objectives import Logit, Unit, away_from, towards
from advviz.protocol import Call, Query, run


def asks(images, log=None):
    """Ask once, and tell when closed."""
    try:
        answer = yield Query(images, gradient=False)
        return answer.logits
    finally:
        if log is not None:
            log.append("closed")


def test_run_returns_what_the_procedure_returns():
    """And hands it the classifier's answers."""
    network, images = convolutional(), pictures(3)
    assert torch.equal(run(asks(images), network), network.module(images))


def test_procedures_compose():
    """`yield from` passes questions up and answers down."""

    def twice(images):
        first = yield from asks(images)
        second = yield from asks(images.flip(0))
        return first, second

    first, second = run(twice(pictures(2)), convolutional())
    assert torch.equal(first, second.flip(0))


def test_a_call_is_answered_by_what_its_function_returns():
    """On the module itself, where gradients may be taken."""

    def counts():
        return (yield Call(lambda module: (torch.is_grad_enabled(), len(list(module.modules())))))

    network = convolutional()
    assert run(counts(), network) == (True, len(list(network.module.modules())))


def test_closing_runs_the_finally_blocks():
    """Cancelling is free."""
    log: list[str] = []
    procedure = asks(pictures(1), log)
    next(procedure)
    procedure.close()
    assert log == ["closed"]


def test_an_error_of_the_network_reaches_the_caller():
    """One that can be read."""

    def lost():
        yield Query(pictures(1), Unit("nowhere", labels(0)))

    with pytest.raises(UnknownNameError, match="no layer called 'nowhere'"):
        run(lost(), convolutional())


def test_a_classifier_gives_values_logits_and_gradients_of_the_network():
    """Compared with autograd, by hand."""
    network, images = convolutional(), pictures(3)
    objective = towards(labels(2, 0, 1))
    answer = network.answer(Query(images, objective))
    leaf = images.clone().requires_grad_(True)
    logits = network.module(leaf)
    values = objective.values(logits)
    (gradients,) = torch.autograd.grad(values.sum(), leaf)
    assert torch.equal(answer.logits, logits.detach())
    assert torch.equal(answer.values, values.detach())
    assert torch.equal(answer.gradients, gradients)


def test_an_answer_holds_only_what_was_asked_for():
    """Nothing is [0]."""
    network, images = convolutional(), pictures(3)
    bare = network.answer(Query(images))
    assert (bare.logits.shape, bare.values.shape, bare.gradients.shape) == ((3, 3), (0,), (0,))
    forward = network.answer(Query(images, Logit(labels(0, 1, 2)), gradient=False))
    assert (forward.values.shape, forward.gradients.shape) == ((3,), (0,))
    assert not forward.logits.requires_grad


@pytest.mark.parametrize("tap", ["conv", "conv2", "flatten", "fc"])
def test_a_tap_shows_what_the_layer_puts_out(tap):
    """Its gradient is pulled back to the pixels."""
    network, images = convolutional(), pictures(2)
    units = labels(1, 0)
    answer = network.answer(Query(images, Unit(tap, units)))
    found = []
    hook = network.module.get_submodule(tap).register_forward_hook(lambda *a: found.append(a[2]))
    leaf = images.clone().requires_grad_(True)
    network.module(leaf)
    hook.remove()
    features = found[0].mean((2, 3)) if found[0].ndim == 4 else found[0]
    values = features[torch.arange(2), units]
    assert torch.equal(answer.values, values.detach())
    assert torch.equal(answer.gradients, torch.autograd.grad(values.sum(), leaf)[0])


@pytest.mark.parametrize("objective", [None, away_from(labels(0, 1, 2, 0, 1, 2, 0))])
def test_row_i_of_an_answer_depends_on_row_i_alone(objective):
    """Together, in parts of any size, in float64: the same to 1e-12."""
    network, images = convolutional(), pictures(7)
    whole = network.answer(Query(images, objective))
    for rows in (1, 2, 3, 6):
        parts = InParts(network, rows).answer(Query(images, objective))
        for name in ("logits", "values", "gradients"):
            torch.testing.assert_close(
                getattr(parts, name), getattr(whole, name), rtol=0, atol=1e-12
            )


def test_the_classifier_cuts_large_queries_and_nobody_notices(monkeypatch):
    """Chunks of a size fixed by the image's size."""
    network = linear(normal(3, 3 * 64 * 64) / 50)
    images, objective = pictures(7, (3, 64, 64)), away_from(labels(0, 1, 2, 0, 1, 2, 0))
    rows = []
    forward = network.module.forward
    monkeypatch.setattr(network.module, "forward", lambda x: (rows.append(len(x)), forward(x))[1])
    whole = network.answer(Query(images, objective))
    monkeypatch.setattr(memory, "ROWS_PER_PASS", 3)
    parts = network.answer(Query(images, objective))
    assert rows == [7, 3, 3, 1]
    for name in ("logits", "values", "gradients"):
        torch.testing.assert_close(getattr(parts, name), getattr(whole, name), rtol=0, atol=1e-12)


def test_a_query_does_not_change_its_images():
    """Neither their pixels nor what autograd thinks of them."""
    images = pictures(2)
    kept = images.clone()
    convolutional().answer(Query(images, away_from(labels(0, 1))))
    assert torch.equal(images, kept)
    assert not images.requires_grad
    assert images.grad is None


def test_a_classifier_is_frozen_and_in_evaluation_mode():
    """No parameter collects a gradient, dropout and batch statistics stay out."""
    module = convolutional().module
    module.train().requires_grad_(True)
    network = Classifier(module)
    images = pictures(3)
    first = network.answer(Query(images, away_from(labels(0, 1, 2))))
    second = network.answer(Query(images, away_from(labels(0, 1, 2))))
    assert torch.equal(first.gradients, second.gradients)
    assert not any(m.training for m in module.modules())
    assert not any(p.requires_grad or p.grad is not None for p in module.parameters())


def test_a_call_cannot_leave_the_module_in_another_state():
    """Training mode, frozen parameters and gradients come back, also after an error."""
    network = convolutional()

    def disturb(module):
        module.train().requires_grad_(True)
        module(pictures(2)).sum().backward()
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        network.call(Call(disturb))
    assert not any(m.training for m in network.module.modules())
    assert not any(p.requires_grad or p.grad is not None for p in network.module.parameters())
