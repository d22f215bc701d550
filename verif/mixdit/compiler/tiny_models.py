"""Transformers of diffusers with a few channels and random weights, and what their blocks make of noise."""

import numpy as np
import torch
from diffusers import DiTTransformer2DModel, PixArtTransformer2DModel, SD3Transformer2DModel

from mixdit.compiler.example import Example

__all__ = ["KINDS", "example", "tiny_model"]

LABELS = 10


def _dit(heads, head_width, layers, **other):
    return DiTTransformer2DModel(
        num_attention_heads=heads, attention_head_dim=head_width, num_layers=layers, in_channels=4,
        sample_size=8, num_embeds_ada_norm=LABELS, **other,
    )  # fmt: skip


def _pixart(heads, head_width, layers, **other):
    return PixArtTransformer2DModel(
        num_attention_heads=heads, attention_head_dim=head_width, num_layers=layers, in_channels=4,
        sample_size=8,
        **{
            "use_additional_conditions": False, "cross_attention_dim": 40, "caption_channels": None, **other,
        },
    )  # fmt: skip


def _sd3(heads, head_width, layers, **other):
    return SD3Transformer2DModel(
        num_attention_heads=heads, attention_head_dim=head_width, num_layers=layers, in_channels=4,
        sample_size=8, joint_attention_dim=32, caption_projection_dim=heads * head_width,
        pooled_projection_dim=32, out_channels=4, pos_embed_max_size=8, **other,
    )  # fmt: skip


_MAKERS = {"dit": _dit, "pixart": _pixart, "sd3": _sd3}

KINDS = {
    "dit": ("dit", {}),
    "pixart": ("pixart", {}),
    "sd3": ("sd3", {}),
    "sd3, norms": ("sd3", {"qk_norm": "rms_norm"}),
    "sd3, two attentions": ("sd3", {"qk_norm": "rms_norm", "dual_attention_layers": (0,)}),
}
"""Makers and what is asked of them, by names for tests."""


def tiny_model(kind, *, heads=2, head_width=16, layers=2, seed=0, **other):
    """A model of one of `KINDS`, every parameter of which matters."""
    name, given = KINDS[kind]
    torch.manual_seed(seed)
    model = _MAKERS[name](heads, head_width, layers, **given, **other).eval().requires_grad_(False)
    for path, parameter in model.named_parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=parameter.shape[-1] ** -0.5)
        elif path.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.3)
        else:
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
    return model


@torch.inference_mode()
def example(model, number, *, samples, tokens, context_tokens, seed=0, counts=None):
    """Inputs of a block by chance, with a few large channels, and what it makes of them in floats.

    ``counts`` are text tokens of each sample that are there; all of them if left out.
    """
    block = model.transformer_blocks[number]
    width = model.config.num_attention_heads * model.config.attention_head_dim
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator)

    x = normal(samples, tokens, width)
    x[:, :, torch.randperm(width, generator=generator)[:3]] *= 10
    others = {}
    kind = type(model).__name__
    if kind.startswith("DiT"):
        times, labels = torch.arange(samples), torch.arange(samples) % LABELS
        condition = block.norm1.emb(times, labels, hidden_dtype=x.dtype)
        floats = block(x, timestep=times, class_labels=labels)
    elif kind.startswith("PixArt"):
        condition = normal(samples, 6 * width)
        text = normal(samples, context_tokens, model.config.cross_attention_dim)
        missing = torch.arange(context_tokens) >= torch.tensor(counts or [context_tokens] * samples)[:, None]
        floats = block(
            x,
            timestep=condition,
            encoder_hidden_states=text,
            encoder_attention_mask=(missing * -10000.0)[:, None],
        )
        others = {"context": text, "mask": torch.zeros(missing.shape).masked_fill(missing, -np.inf)}
    else:
        condition, context = normal(samples, width), normal(samples, context_tokens, width)
        behind, floats = block(x, context, condition)
        others = {"context": context} | ({} if behind is None else {"context_floats": behind})
    found = {"tokens": x, "condition": condition, "floats": floats} | others
    return Example(**{k: v.reshape(-1, v.shape[-1]).numpy().copy() for k, v in found.items()})
