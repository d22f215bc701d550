"""Programs of blocks of diffusers' transformers, and examples for them."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from golden import Format
from golden.engine import EngineParameters
from mixdit.compiler.compile_layers import compile_layers
from mixdit.compiler.diffusers_blocks import diffusers_block
from mixdit.compiler.example import Example
from mixdit.compiler.program import Program
from mixdit.layers.modules import check_finite
from mixdit.plan.plan import Plan

__all__ = ["Sizes", "diffusers_example", "diffusers_program", "load_transformer", "longest_row"]

DIT, PIXART, SD3 = "DiTTransformer2DModel", "PixArtTransformer2DModel", "SD3Transformer2DModel"

TEXT_TOKENS = {DIT: 0, PIXART: 300, SD3: 333}
"""Tokens of the context that the pipelines of these models give them."""

CLASSES = 1000


def load_transformer(folder: Path | str) -> Any:
    """The transformer of diffusers in a folder that ``save_pretrained`` wrote, in float32, ready to run.

    Parameters
    ----------
    folder:
        That of the transformer, or of a pipeline with one.

    Raises
    ------
    ValueError
        Another kind of model, or files that do not fit; the message names the folder.
    """
    path = Path(folder)
    if not (path / "config.json").is_file() and (path / "transformer" / "config.json").is_file():
        path = path / "transformer"
    try:
        kind = json.loads((path / "config.json").read_text("utf-8"))["_class_name"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} holds no transformer of diffusers: it needs a config.json") from error
    if kind not in TEXT_TOKENS:
        raise ValueError(f"{path} must hold one of {', '.join(TEXT_TOKENS)}, not {kind!r:.80}")
    import diffusers
    from diffusers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        model = getattr(diffusers, kind).from_pretrained(path, local_files_only=True)
        check_finite(model)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path} holds no {kind}: {reason[:300]}") from error
    return model.float().eval().requires_grad_(False)


class Sizes:
    """How many tokens blocks of a model work on.

    Parameters
    ----------
    model:
        A transformer of diffusers.
    tokens, context_tokens:
        Of a sample; None for those that the model was made for.

    Attributes
    ----------
    tokens, context_tokens: int
        Of a sample.

    Raises
    ------
    ValueError
        A context for a model that has none.
    """

    def __init__(self, model: Any, tokens: int | None, context_tokens: int | None) -> None:
        config, kind = model.config, type(model).__name__
        if context_tokens and not TEXT_TOKENS[kind]:
            raise ValueError(f"context_tokens must be left out, as a {kind} has no context")
        self.tokens = (config.sample_size // config.patch_size) ** 2 if tokens is None else tokens
        self.context_tokens = TEXT_TOKENS[kind] if context_tokens is None else context_tokens


def longest_row(model: Any) -> int:
    """Channels of a token, or of the text if it has more."""
    config = model.config
    width = int(config.num_attention_heads * config.attention_head_dim)
    return max(width, config.get("cross_attention_dim") or 0)


def diffusers_program(
    model: Any,
    blocks: range,
    *,
    plan: Plan | None = None,
    weight: Format,
    activation: Format,
    sizes: Sizes,
    samples: int = 1,
    parameters: EngineParameters,
) -> Program:
    """The program of some blocks, one after the other.

    Parameters
    ----------
    model:
        In floating point.
    blocks:
        Which ones.
    plan:
        For this model. Left out, weights are in ``weight``, all else in ``activation``; as
        `diffusers_block`.
    sizes, samples:
        Tokens of an image, and images at a time.
    parameters:
        The engine.

    Raises
    ------
    ValueError
        As `diffusers_block` and `compile_layers`; blocks that embed the timestep each in its own way.
    """
    if type(model).__name__ == DIT:
        _check_embeddings(model, blocks)
    return compile_layers(
        [diffusers_block(model, n, plan=plan, weight=weight, activation=activation) for n in blocks],
        tokens=sizes.tokens,
        context_tokens=sizes.context_tokens,
        samples=samples,
        parameters=parameters,
    )


@torch.inference_mode()
def diffusers_example(
    model: Any, blocks: range, sizes: Sizes, *, samples: int = 1, timestep: int = 200, seed: int = 0
) -> Example:
    """What these blocks get and give for noise, a timestep and random labels or texts, in floating point.

    Parameters
    ----------
    model, blocks, sizes:
        As for `diffusers_program`.
    samples:
        Images, each with a label or text of its own.
    timestep:
        0 to 999.
    seed:
        Of all that is random.
    """
    config, generator = model.config, torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(samples, *shape, generator=generator)

    rows = max(n for n in range(1, math.isqrt(sizes.tokens) + 1) if sizes.tokens % n == 0)
    columns, patch = sizes.tokens // rows, config.patch_size
    x = model.pos_embed(normal(config.in_channels, rows * patch, columns * patch)).contiguous()
    times, kind = torch.full((samples,), timestep), type(model).__name__
    given: dict[str, Any]
    if kind == DIT:
        labels = torch.randint(min(CLASSES, config.num_embeds_ada_norm), (samples,), generator=generator)
        condition = model.transformer_blocks[blocks[0]].norm1.emb(times, labels, hidden_dtype=x.dtype)
        return _through(model, blocks, x, condition, {"timestep": times, "class_labels": labels})
    if kind == PIXART:
        sizes_of_image = {
            "resolution": torch.tensor([[8.0 * rows, 8.0 * columns]] * samples) * patch,
            "aspect_ratio": torch.full((samples, 1), rows / columns),
        }
        condition, _ = model.adaln_single(times, sizes_of_image, batch_size=samples, hidden_dtype=x.dtype)
        text = _text(model, normal, sizes)
        counts = torch.randint(1, sizes.context_tokens + 1, (samples, 1), generator=generator)
        missing = torch.arange(sizes.context_tokens) >= counts
        given = {
            "timestep": condition,
            "encoder_hidden_states": text,
            "encoder_attention_mask": (missing * -10000.0).unsqueeze(1),
        }
        mask = torch.zeros(missing.shape).masked_fill(missing, -math.inf)
        return _through(model, blocks, x, condition, given, text, mask)
    condition = model.time_text_embed(times, normal(config.pooled_projection_dim))
    text = model.context_embedder(normal(sizes.context_tokens, config.joint_attention_dim))
    return _through(model, blocks, x, condition, {"temb": condition}, text)


def _text(model: Any, normal: Any, sizes: Sizes) -> Tensor:
    """A text as PixArt's blocks take it."""
    config = model.config
    channels = config.cross_attention_dim if config.caption_channels is None else config.caption_channels
    text: Tensor = normal(sizes.context_tokens, channels)
    return text if model.caption_projection is None else model.caption_projection(text)


def _through(
    model: Any,
    blocks: range,
    x: Tensor,
    condition: Tensor,
    given: dict[str, Any],
    context: Tensor | None = None,
    mask: Tensor | None = None,
) -> Example:
    """Send tokens through the blocks before these, then through these."""
    joint, before = "temb" in given, context

    def step(n: int, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor | None]:
        block = model.transformer_blocks[n]
        if not joint:
            return block(x, **given), context
        changed, x = block(x, encoder_hidden_states=context, **given)
        return x, changed

    for n in range(blocks[0]):
        x, before = step(n, x, before)
    floats, behind = x, before
    for n in blocks:
        floats, behind = step(n, floats, behind)
    return Example(
        tokens=_rows(x),
        condition=_rows(condition),
        floats=_rows(floats),
        context=None if before is None else _rows(before),
        mask=None if mask is None else _rows(mask),
        context_floats=_rows(behind) if joint and behind is not None else None,
    )


def _check_embeddings(model: Any, blocks: range) -> None:
    """Blocks of DiT hold a copy each of what embeds timestep and label; a program has one condition."""
    first, *others = (model.transformer_blocks[n].norm1.emb.state_dict() for n in blocks)
    for n, other in zip(blocks[1:], others, strict=True):
        if any(not torch.equal(value, other[name]) for name, value in first.items()):
            raise ValueError(
                f"blocks {blocks[0]} and {n} embed timestep and label each in its own way:"
                " compile one of them"
            )


def _rows(value: Tensor) -> NDArray[np.float32]:
    rows: NDArray[np.float32] = value.reshape(-1, value.shape[-1]).numpy().copy()
    return rows
