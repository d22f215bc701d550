"""Models that channels can be balanced in, with batches for them."""

from functools import partial

import torch
from torch import nn

from mixdit.digits.checkpoint import load_model
from mixdit.digits.diffusion import balanced_labels, initial_noise, trajectory
from mixdit.layers.batches import call
from verif.mixdit.tiny_pipelines import pipeline

GENERATOR = torch.Generator()


def digits():
    """A trained digits transformer, and samples on their way."""
    model = load_model("digits-16")
    return model, trajectory(model, initial_noise(4, 456), balanced_labels(4), 4).batches


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=GENERATOR)


def of_diffusers(name: str):
    """A tiny transformer, with biases and modulations that matter, and what it is called with."""
    model = pipeline(name).transformer.eval().requires_grad_(False)
    GENERATOR.manual_seed(0)
    for parameter in model.parameters():
        parameter += 0.05 * normal(*parameter.shape)
    config, batches = model.config, []
    for t in (900, 500, 100):
        given = {
            "hidden_states": normal(2, config.in_channels, config.sample_size, config.sample_size),
            "timestep": torch.full((2,), t),
        }
        if name == "dit":
            given["class_labels"] = torch.tensor([1, 3])
        else:
            width = config.joint_attention_dim if name == "sd3" else config.caption_channels
            given["encoder_hidden_states"] = normal(2, 5, width)
        if name == "sd3":
            given["pooled_projections"] = normal(2, config.pooled_projection_dim)
        batches.append(given)
    return model, batches


CASES = {"digits": digits, **{name: partial(of_diffusers, name) for name in ("dit", "sd3", "pixart")}}


def outputs(model: nn.Module, batches) -> torch.Tensor:
    """What the model returns for each batch: ``[batches, ...]``."""
    with torch.no_grad():
        found = [call(model, batch) for batch in batches]
    return torch.stack([x if isinstance(x, torch.Tensor) else x[0] for x in found])
