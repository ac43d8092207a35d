"""Attention rollout and gradient attention against slow restatements of their papers."""

import pytest
import torch
from rectified import classifier, residual, transformer
from torch import nn
from torch.nn import functional
from torch.testing import assert_close
from toys import labels, pictures

from advviz.errors import InvalidInputError
from advviz.explain.attention import attention_rollout, gradient_attention
from advviz.objectives import Logit
from advviz.protocol import run

BIG = (3, 8, 8)
LOGIT = Logit(labels(2, 0))


def close(found, expected):
    assert_close(found, expected, rtol=0, atol=1e-10)


def slowly_attended(network, images):
    """Run torchvision's transformer by hand: per block the weights [N, heads, T, T], and logits."""
    tokens = network._process_input(images)
    tokens = torch.cat([network.class_token.expand(len(images), -1, -1), tokens], 1)
    tokens = tokens + network.encoder.pos_embedding
    weights = []
    for block in network.encoder.layers:
        seen = block.ln_1(tokens)
        attention = block.self_attention
        parts = (seen @ attention.in_proj_weight.T + attention.in_proj_bias).chunk(3, -1)
        count, size = attention.num_heads, attention.head_dim
        query, key, value = (p.view(*p.shape[:2], count, size).transpose(1, 2) for p in parts)
        weights.append((query @ key.transpose(2, 3) / size**0.5).softmax(-1))
        attended = (weights[-1] @ value).transpose(1, 2).flatten(2)
        tokens = tokens + attention.out_proj(attended)
        tokens = tokens + block.mlp(block.ln_2(tokens))
    return weights, network.heads(network.encoder.ln(tokens)[:, 0])


def paths(matrices, start, end):
    """Sum over all paths through the blocks of the products of their steps: rollout, defined."""
    if not matrices:
        return 1.0 if start == end else 0.0
    last, rest = matrices[-1], matrices[:-1]
    return sum(float(last[start, k]) * paths(rest, k, end) for k in range(len(last)))


def enlarged(row):
    return functional.interpolate(row.view(-1, 1, 2, 2), (8, 8), mode="bilinear")


def test_rollout_is_the_papers_sum_over_paths():
    network, images = transformer(), pictures(2, BIG)
    with torch.no_grad():
        weights, logits = slowly_attended(network, images)
    rows = torch.zeros(2, 4, dtype=torch.float64)
    for n in range(2):
        mixed = [0.5 * block[n].mean(0) + 0.5 * torch.eye(5).double() for block in weights]
        for patch in range(4):
            rows[n, patch] = paths(mixed, 0, patch + 1)
    found = run(attention_rollout(images, LOGIT), classifier(network))
    close(found.attributions, enlarged(rows))
    close(found.logits, logits)
    assert found.facts == {"grid": [2, 2], "blocks": 3, "heads": 2}
    assert rows.std(1).min() > 1e-3, "the patches differ"


def test_gradient_attention_is_the_papers_recursion():
    """R ← R + E_h[(∇A ⊙ A)⁺] R, entry by entry, of the network written out by hand."""
    network, images = transformer(), pictures(2, BIG)
    with torch.enable_grad():
        weights, logits = slowly_attended(network, images.clone().requires_grad_())
        gradients = torch.autograd.grad(logits[0, 2] + logits[1, 0], weights)
    gathered = torch.eye(5).double().repeat(2, 1, 1)
    for attention, gradient in zip(weights, gradients, strict=True):
        weighed = torch.zeros(2, 5, 5).double()
        for n in range(2):
            for i in range(5):
                for j in range(5):
                    products = (attention * gradient).detach()[n, :, i, j]
                    weighed[n, i, j] = sum(max(float(p), 0.0) for p in products) / len(products)
        gathered = gathered + torch.einsum("nij,njk->nik", weighed, gathered)
    found = run(gradient_attention(images, LOGIT), classifier(network))
    close(found.attributions, enlarged(gathered[:, 0, 1:]))
    assert found.attributions.abs().max() > 1e-6


def test_rollout_knows_no_class_and_gradient_attention_does():
    network, images = classifier(transformer()), pictures(2, BIG)
    other = Logit(labels(1, 3))
    close(
        run(attention_rollout(images, LOGIT), network).attributions,
        run(attention_rollout(images, other), network).attributions,
    )
    one, two = (run(gradient_attention(images, o), network).attributions for o in (LOGIT, other))
    assert (one - two).abs().max() > 1e-6


class Fused(nn.Module):
    """Self-attention as timm has it: one matrix, PyTorch's fused attention, no class token."""

    def __init__(self, *, fused: bool) -> None:
        super().__init__()
        self.fused = fused
        self.cut = nn.Conv2d(3, 8, 4, 4)
        self.qkv, self.head = nn.Linear(8, 24), nn.Linear(8, 4)

    def forward(self, images):
        tokens = self.cut(images).flatten(2).transpose(1, 2)
        query, key, value = self.qkv(tokens).unflatten(2, (3, 2, 4)).permute(2, 0, 3, 1, 4)
        if self.fused:
            attended = functional.scaled_dot_product_attention(query, key, value)
        else:
            attended = functional.softmax(query @ key.transpose(2, 3) / 2, dim=-1) @ value
        return self.head((tokens + attended.transpose(1, 2).flatten(2)).mean(1))


@pytest.mark.parametrize("make", [attention_rollout, gradient_attention])
def test_attention_is_found_however_it_is_computed(make):
    """Fused or in steps: the same map; without a class token, the mean over all tokens."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        fused = Fused(fused=True).double().eval()
    apart = Fused(fused=False).double().eval()
    apart.load_state_dict(fused.state_dict())
    images = pictures(2, BIG)
    found = run(make(images, LOGIT), classifier(fused))
    close(found.attributions, run(make(images, LOGIT), classifier(apart)).attributions)
    close(found.logits, fused(images))
    assert found.facts == {"grid": [2, 2], "blocks": 1, "heads": 2}
    assert found.attributions.std() > 0


def test_a_network_without_attention_is_one_sentence():
    for make in (attention_rollout, gradient_attention):
        with pytest.raises(InvalidInputError, match=r"vision transformer.*choose Grad-CAM"):
            run(make(pictures(2, BIG), LOGIT), classifier(residual()))
