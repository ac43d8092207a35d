"""Maps of anything that a user has: own models and pictures, any layer by name, transformers."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from command_line import called, complaint, png_file
from fake_engine import FakeEngine
from model_toys import MEAN, RECORD, STD, small_network, weights
from rectified import drawn
from safetensors.torch import save, save_file
from test_pages import link_of, opened, told

from advviz.compute import Engine
from advviz.data import uploads
from advviz.errors import AdvvizError, InvalidInputError
from advviz.experiments.specs import ExplainSpec
from advviz.explain.catalogue import explainers
from advviz.models import records, registry, uploaded
from advviz.models.registry import Registry, register
from advviz.models.uploaded import Uploads
from advviz.ui import permalinks, state
from advviz.ui import setup as setups

TOML = f"""
architecture = "{RECORD.architecture}"
classes = ["a", "b", "c"]
input_size = 64
mean = {list(MEAN)}
std = {list(STD)}
"""
INSIDE = [name for name, entry in explainers().items() if entry.needs_module]
REFUSED = {
    ("mine", "attention-rollout"): "needs a vision transformer",
    ("mine", "gradient-attention"): "needs a vision transformer",
    ("tokens", "lrp"): "for which there is no one rule",
}
"""What says by which sentence that it cannot explain which model."""


@pytest.fixture(autouse=True)
def models_of_the_test(tmp_path, monkeypatch):
    """Two models: one in a folder, of torchvision's blocks; a transformer from Python."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("ADVVIZ_MODELS", str(folder))
    monkeypatch.setattr(registry, "_registry", Registry())
    monkeypatch.setattr(uploaded, "_uploads", Uploads())
    (folder / "mine.toml").write_text(TOML)
    save_file(weights(small_network()), folder / "mine.safetensors")
    records.own_models.cache_clear()
    records._merged.cache_clear()
    register(replace(RECORD, id="tokens", title="Tokens", input_size=32), vision_transformer())
    yield
    records.own_models.cache_clear()
    records._merged.cache_clear()


def vision_transformer():
    from torchvision.models import VisionTransformer

    with torch.random.fork_rng(devices=[]):
        words = {"num_layers": 2, "num_heads": 2, "hidden_dim": 8, "mlp_dim": 12}
        network = VisionTransformer(image_size=32, patch_size=4, num_classes=3, **words)
        return drawn(network).float()


@pytest.fixture
def engine():
    found = Engine(use_shipped=False)
    yield found
    found.close()


def test_every_explainer_explains_any_model_or_says_why_not(tmp_path, capsys):
    """The folder's model and the transformer, by the command line, of a file of one's own."""
    image, arrays = png_file(tmp_path / "own.png"), tmp_path / "map.npz"
    for model, size in (("mine", 64), ("tokens", 32)):
        for name in INSIDE:
            words = ["explain", image, "--model", model, "--method", name]
            words += ["--out", tmp_path / "map.png", "--npz", arrays, "--json"]
            refused = REFUSED.get((model, name))
            if refused:
                assert refused in complaint(capsys, *words)
                continue
            found = json.loads(called(capsys, *words))
            assert found["method"] == name
            kept = np.load(arrays)["gradient"]
            assert kept.shape[1:] == (size, size), (model, name)
            assert np.isfinite(kept).all(), (model, name)
            assert kept.any(), (model, name)


def test_any_layer_by_name_gives_a_map_or_one_sentence(engine):
    """Each layer that a model has, as the network itself names them."""
    said, drawn_on = set(), {}
    for model, network in (("mine", small_network()), ("tokens", vision_transformer())):
        for layer, _ in network.named_modules():
            if not layer:
                continue
            spec = ExplainSpec(
                model=model, image="sample:jeep", method="grad-cam", options=f"layer={layer}"
            )
            try:
                facts = engine.run(spec).facts
            except AdvvizError as error:
                said.add(str(error).partition(layer)[0])
            else:
                assert facts["layer"] == layer
                drawn_on[layer] = facts["grid"]
    assert drawn_on["stage2"] == [8, 8]
    assert drawn_on["stage4.0.branch2.3"] == [2, 2]
    assert drawn_on["encoder.layers.encoder_layer_0"] == [8, 8]
    assert drawn_on["conv_proj"] == [8, 8]
    assert said == {"Grad-CAM needs a layer with places in the picture, and '", "layer '"}


def test_a_layer_that_there_is_not_is_one_sentence_with_those_that_are_like_it(engine):
    spec = ExplainSpec(
        model="mine", image="sample:jeep", method="grad-cam", options="layer=stage_4"
    )
    with pytest.raises(AdvvizError, match=r"no layer called 'stage_4'; it has .*stage4"):
        engine.run(spec)
    with pytest.raises(InvalidInputError, match="layer must be a module's name"):
        replace(spec, options="layer=stage 4!")


def test_an_uploaded_model_and_an_uploaded_picture_are_explained(engine, tmp_path):
    """As the page has them: by their digests."""
    data = save(weights(small_network()))
    described = uploaded.uploads().keep(data, records.record("mine"))
    image = uploads.store(png_file(tmp_path / "own.png").read_bytes())
    for name in ("deeplift", "guided-grad-cam"):
        spec = ExplainSpec(model=described.id, image=image, method=name)
        own = engine.run(spec)
        same = engine.run(replace(spec, model="mine"))
        np.testing.assert_array_equal(own.arrays["gradient"], same.arrays["gradient"])
        assert own.arrays["gradient"].any()


# --- the page ---------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch):
    fake = FakeEngine()
    monkeypatch.setattr(state, "engine", lambda: fake)
    return fake


def page(**words):
    setup = replace(setups.default(), explain_method="grad-cam", **words)
    return opened("saliency.py", **permalinks.to_query(setup, "explain", ("draw",)))


def test_the_page_takes_any_layer_that_is_typed(asked):
    """Offered are those that the models name; any other can be typed."""
    at = page()
    box = at.selectbox(key="av.of.grad-cam.layer")
    assert box.value == "auto"
    assert {"layer1", "layer4"} <= set(box.options)
    assert "flatten" not in box.options
    at = page(explain_options="layer=layer3.1.conv2")
    assert at.selectbox(key="av.of.grad-cam.layer").value == "layer3.1.conv2"
    options = {spec.options for spec in asked.asked if getattr(spec, "method", "") == "grad-cam"}
    assert any("layer=layer3.1.conv2" in told for told in options)
    assert "layer=layer3.1.conv2" in link_of(at)["options"]


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("name", INSIDE)
def test_the_page_says_what_a_method_is_and_cannot(name):
    setup = replace(setups.default(), explain_method=name)
    at = opened("saliency.py", **permalinks.to_query(setup, "explain", ("draw",)))
    entry, shown = explainers()[name], told(at).replace("&#x27;", "'")
    assert not at.exception
    for sentence in (entry.is_, entry.notice, entry.cannot):
        assert sentence in shown
