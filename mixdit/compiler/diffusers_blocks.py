"""Blocks of diffusers' transformers as layers with their plans."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden import MX9, Format
from mixdit.compiler.block_layers import (
    AttentionLayers,
    ConditionedBlock,
    JointBlock,
    Norm,
    Perceptron,
    TableBlock,
)
from mixdit.compiler.block_weights import LinearWeights
from mixdit.compiler.compile_layers import Block
from mixdit.compiler.layer import Layer
from mixdit.layers.balanced import check_balanced
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan

__all__ = ["diffusers_block"]


def diffusers_block(
    model: Any,
    number: int,
    *,
    plan: Plan | None = None,
    weight: Format = MX9,
    activation: Format = MX9,
) -> Block:
    """A block of a DiTTransformer2DModel, PixArtTransformer2DModel or SD3Transformer2DModel.

    Parameters
    ----------
    model, number:
        The transformer, in floating point, and which of its blocks.
    plan:
        By paths in the model, such as ``"transformer_blocks.0.attn1.to_q"``. What it does not name is in MX9.
    weight, activation:
        Without a plan, formats of all weights and of all else.

    Raises
    ------
    ValueError
        No such block, a model or a block of another kind, or a plan of another one; the message names it. A
        plan of a model with balanced channels for one without.
    """
    kind = type(model).__name__
    if kind not in _KINDS:
        raise ValueError(f"model must be one of {', '.join(_KINDS)}, not {kind}")
    blocks = model.transformer_blocks
    if not 0 <= number < len(blocks):
        raise ValueError(f"block must be 0 to {len(blocks) - 1}, not {number!r}")
    if plan is not None:
        check_balanced(model, plan)
    reader = _BlockReader(blocks[number], f"transformer_blocks.{number}", plan, weight, activation)
    return _KINDS[kind](reader)


class _BlockReader:
    """Takes layers out of a block of PyTorch, with what a plan says of them.

    Parameters
    ----------
    block, path:
        The block and its path in the model.
    plan, weight, activation:
        As for `diffusers_block`.
    """

    def __init__(self, block: Any, path: str, plan: Plan | None, weight: Format, activation: Format) -> None:
        self.block, self.path, self._plan = block, path, plan
        self._weight, self._activation = (weight, activation) if plan is None else (MX9, MX9)

    def layer(self, name: str) -> Layer:
        """The linear layer of that name, with a bias of zeros if it has none."""
        module, path = self.block.get_submodule(name), f"{self.path}.{name}"
        weight = _array(module.weight)
        bias = np.zeros(len(weight), np.float32) if module.bias is None else _array(module.bias)
        plan = LinearPlan(
            in_features=weight.shape[1], weight=self._weight, high=self._activation, low=self._activation
        )
        if self._plan is not None:
            plan = self._plan.linears.get(path, plan)
        try:
            return Layer(LinearWeights(weight, bias), plan)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    def heads(self, name: str) -> AttentionPlan:
        """The formats of the heads of the attention of that name."""
        count, path = self.block.get_submodule(name).heads, f"{self.path}.{name}"
        plan = AttentionPlan(heads=(HeadFormats.of(self._activation),) * count)
        if self._plan is not None:
            plan = self._plan.attentions.get(path, plan)
        if len(plan.heads) != count:
            raise ValueError(f"{path}: the plan has {len(plan.heads)} heads, the attention {count}")
        return plan

    def attention(self, name: str) -> AttentionLayers:
        """The layers of an attention of a sequence, or of it and a text."""
        module = self.block.get_submodule(name)
        self.expect(name, residual_connection=False, rescale_output_factor=1.0, scale_qk=True)
        self.expect(name, norm_cross=None, group_norm=None, spatial_norm=None, is_causal=False)
        if module.inner_kv_dim != module.inner_dim or module.inner_dim != module.query_dim:
            raise ValueError(f"{self.path}.{name}: heads must have the width of tokens, no groups of queries")
        return AttentionLayers(
            query=self.layer(f"{name}.to_q"),
            key=self.layer(f"{name}.to_k"),
            value=self.layer(f"{name}.to_v"),
            output=self.layer(f"{name}.to_out.0"),
            query_norm=self.head_norm(f"{name}.norm_q"),
            key_norm=self.head_norm(f"{name}.norm_k"),
        )

    def context_attention(self, name: str) -> AttentionLayers:
        """The layers of the context in a joint attention."""
        last = self.block.context_pre_only
        return AttentionLayers(
            query=None if last else self.layer(f"{name}.add_q_proj"),
            key=self.layer(f"{name}.add_k_proj"),
            value=self.layer(f"{name}.add_v_proj"),
            output=None if last else self.layer(f"{name}.to_add_out"),
            query_norm=None if last else self.head_norm(f"{name}.norm_added_q"),
            key_norm=self.head_norm(f"{name}.norm_added_k"),
        )

    def head_norm(self, name: str) -> Norm | None:
        """An RMS norm of heads, where there is one."""
        module = _submodule(self.block, name)
        if module is None:
            return None
        kind = type(module).__name__
        if kind != "RMSNorm" or getattr(module, "bias", None) is not None:
            raise ValueError(f"{self.path}.{name}: q and k must have no norm or an RMSNorm, not a {kind}")
        (width,) = module.dim
        weight = np.ones(width, np.float32) if module.weight is None else _array(module.weight)
        return Norm(weight, float(module.eps))

    def epsilon(self, name: str) -> float:
        """Of a layer norm, which has no scale and shift of its own."""
        module = self.block.get_submodule(name)
        kind = type(module).__name__
        if kind not in ("LayerNorm", "FP32LayerNorm"):
            raise ValueError(f"{self.path}.{name} must be a LayerNorm, not a {kind}")
        if module.weight is not None or module.bias is not None:
            raise ValueError(f"{self.path}.{name} must have no scale and shift of its own")
        return float(module.eps)

    def perceptron(self, name: str, norm: str) -> Perceptron:
        """A perceptron of two layers with GELU by the hyperbolic tangent between them."""
        first = self.block.get_submodule(f"{name}.net.0")
        approximate = getattr(first, "approximate", None)
        if type(first).__name__ != "GELU" or approximate != "tanh":
            raise ValueError(
                f"{self.path}.{name} must have GELU by tanh (gelu-approximate), not {type(first).__name__}"
                f" with approximate={approximate!r}"
            )
        return Perceptron(
            hidden=self.layer(f"{name}.net.0.proj"),
            output=self.layer(f"{name}.net.2"),
            epsilon=self.epsilon(norm),
        )

    def expect(self, name: str, **values: object) -> None:
        """Raise ``ValueError`` unless a module has these attributes."""
        module = self.block.get_submodule(name) if name else self.block
        for attribute, value in values.items():
            if (found := getattr(module, attribute)) != value:
                where = f"{self.path}.{name}" if name else self.path
                raise ValueError(f"{where} must have {attribute} {value!r}, not {found!r:.80}")


def _conditioned(reader: _BlockReader) -> ConditionedBlock:
    reader.expect("", norm_type="ada_norm_zero", attn2=None, pos_embed=None)
    return ConditionedBlock(
        modulation=reader.layer("norm1.linear"),
        attention=reader.attention("attn1"),
        heads=reader.heads("attn1"),
        epsilon=reader.epsilon("norm1.norm"),
        perceptron=reader.perceptron("ff", "norm3"),
    )


def _with_table(reader: _BlockReader) -> TableBlock:
    reader.expect("", norm_type="ada_norm_single", only_cross_attention=False, pos_embed=None)
    if reader.block.attn2 is None or not reader.block.attn2.is_cross_attention:
        raise ValueError(f"{reader.path} must have a cross-attention to text")
    return TableBlock(
        table=_array(reader.block.scale_shift_table),
        attention=reader.attention("attn1"),
        heads=reader.heads("attn1"),
        epsilon=reader.epsilon("norm1"),
        cross=reader.attention("attn2"),
        cross_heads=reader.heads("attn2"),
        perceptron=reader.perceptron("ff", "norm2"),
    )


def _joint(reader: _BlockReader) -> JointBlock:
    block = reader.block
    last, dual = block.context_pre_only, block.use_dual_attention
    return JointBlock(
        modulation=reader.layer("norm1.linear"),
        context_modulation=reader.layer("norm1_context.linear"),
        attention=reader.attention("attn"),
        context_attention=reader.context_attention("attn"),
        heads=reader.heads("attn"),
        second=reader.attention("attn2") if dual else None,
        second_heads=reader.heads("attn2") if dual else None,
        epsilon=reader.epsilon("norm1.norm"),
        context_epsilon=reader.epsilon("norm1_context.norm"),
        perceptron=reader.perceptron("ff", "norm2"),
        context_perceptron=None if last else reader.perceptron("ff_context", "norm2_context"),
    )


_KINDS: dict[str, Callable[[_BlockReader], Block]] = {
    "DiTTransformer2DModel": _conditioned,
    "PixArtTransformer2DModel": _with_table,
    "SD3Transformer2DModel": _joint,
}


def _submodule(block: Any, name: str) -> Any:
    """The module of that name; None for none."""
    for part in name.split("."):
        block = getattr(block, part)
        if block is None:
            return None
    return block


def _array(value: Any) -> NDArray[np.float32]:
    result: NDArray[np.float32] = value.detach().float().cpu().numpy().copy()
    return result
