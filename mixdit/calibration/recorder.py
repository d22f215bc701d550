"""Watches a model at work, for statistics."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any, Self

import torch
from torch import Tensor, nn

from mixdit.calibration.statistics import AttentionStatistics, LinearStatistics, Statistics, bucket_of
from mixdit.calibration.stray_attention import stray_attention
from mixdit.layers.attention import ScaledDotProductAttention
from mixdit.layers.attention_sites import attention_sites, with_attention
from mixdit.layers.coverage import VECTORS
from mixdit.layers.modules import check_finite, replace_module
from mixdit.layers.quantizable import quantizable_linears
from mixdit.timesteps.timesteps import find_timesteps

__all__ = ["Recorder"]

_LARGEST = 2.0**60
"""Bound on magnitudes: statistics hold sums of squares in binary32."""

_UNSEEN = "was not called while it was watched"
_NO_ATTENTION = "was not seen to attend by scaled_dot_product_attention"


class Recorder:
    """Collects statistics of every pass of a model while it is active, as a context manager.

    Tokens are drawn at random: a stride would meet the same positions in every sample.

    Parameters
    ----------
    model:
        Called by whoever likes, such as a pipeline of diffusers. Layers are those of
        `mixdit.layers.quantizable.quantizable_linears`, and `attention_sites`.
    statistics:
        Where to add what is seen.
    tokens:
        Tokens drawn per pass and layer.
    seed:
        Of the drawing.

    Raises
    ------
    ValueError
        Parameters, or in a pass inputs or outputs of a layer, that are not finite; the message names them.
    """

    def __init__(self, model: nn.Module, statistics: Statistics, *, tokens: int = 256, seed: int = 0) -> None:
        self.model, self.statistics, self.tokens = model, statistics, tokens
        # A resumed collection continues with other tokens than it began with.
        self.generator = torch.Generator().manual_seed(seed + 1_000_003 * statistics.passes)
        self._timesteps = [0.0]

    def __enter__(self) -> Self:
        check_finite(self.model)
        self._linears = quantizable_linears(self.model)
        self._sites = attention_sites(self.model)
        self._stack = ExitStack()
        hooks = [self.model.register_forward_pre_hook(self._begin, with_kwargs=True)]
        for path, linear in self._linears.items():
            hooks.append(linear.register_forward_pre_hook(partial(self._linear, path)))
            hooks.append(linear.register_forward_hook(partial(self._output, path)))
        for handle in hooks:
            self._stack.callback(handle.remove)
        for path, site in self._sites.items():
            watched = with_attention(site, _RecordingAttention(self, path), required=False)
            replace_module(self.model, path, watched)
            self._stack.callback(replace_module, self.model, path, site)
        self._stack.enter_context(stray_attention(self.model, self.statistics.left_out))
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        self._stack.close()
        if kind is not None:
            return
        left_out = self.statistics.left_out
        for path in self._linears:
            if path not in self.statistics.linears:
                left_out.setdefault(path, _UNSEEN)
        for path in self._sites:
            if path not in self.statistics.attentions:
                left_out.setdefault(path, _NO_ATTENTION)
        for path in (*self.statistics.linears, *self.statistics.attentions):
            left_out.pop(path, None)

    def _begin(self, model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        timesteps = find_timesteps(model, args, kwargs)
        self._timesteps = [0.0] if timesteps is None else timesteps.flatten().tolist()
        self.statistics.passes += 1

    def draw(self, x: Tensor) -> Iterator[tuple[int, Tensor]]:
        """Random tokens of ``[batch, tokens, ...]`` on the CPU, range of timesteps by range of timesteps."""
        batch, length = x.shape[:2]
        index = torch.randperm(batch * length, generator=self.generator)[: self.tokens]
        rows = x.detach().flatten(0, 1)[index.to(x.device)].float().cpu()
        per_sample = self._timesteps if len(self._timesteps) == batch else self._timesteps[:1] * batch
        buckets = torch.tensor([bucket_of(t) for t in per_sample])[index // length]
        for bucket in buckets.unique().tolist():
            yield bucket, rows[buckets == bucket]

    def _linear(self, path: str, module: nn.Linear, args: tuple[Tensor, ...]) -> None:
        x = args[0]
        _check(x, f"{path}: its input")
        if x.ndim < 3:
            self.statistics.left_out[path] = VECTORS
            return
        entries = self.statistics.linears
        if path not in entries:
            entries[path] = LinearStatistics.empty(x.shape[-1], module.out_features)
        entry = entries[path]
        entry.elements += x.numel()
        for bucket, tokens in self.draw(x.flatten(1, -2)):
            entry.update(tokens, bucket, self.generator)

    def _output(self, path: str, module: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> None:
        _check(output, f"{path}: its output")


def _check(x: Tensor, what: str) -> None:
    """Raise ValueError unless all of ``x`` is finite and its squares can be added up."""
    largest = float(x.detach().abs().amax()) if x.numel() else 0.0
    if not largest <= _LARGEST:  # NaN too
        narrow = f"; {x.dtype} may be too narrow" if x.dtype == torch.float16 else ""
        raise ValueError(f"{what} must be finite, and at most 2**60 in magnitude, not {largest}{narrow}")


class _RecordingAttention(ScaledDotProductAttention):
    """Attention in floating point that shows its operands to a recorder."""

    def __init__(self, recorder: Recorder, path: str) -> None:
        super().__init__()
        self.recorder, self.path = recorder, path

    def forward(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, scale: float | None = None
    ) -> Tensor:
        statistics = self.recorder.statistics.attentions
        entry = statistics.setdefault(self.path, AttentionStatistics.empty(q.shape[1], q.shape[-1]))
        probabilities = q.shape[:-1].numel() * k.shape[-2]
        entry.elements += torch.tensor([q.numel(), k.numel(), probabilities, v.numel()])
        for i, x in enumerate((q, k, v)):
            _check(x, f"{self.path}: its {'qkv'[i]}")
            for bucket, tokens in self.recorder.draw(x.transpose(1, 2)):
                entry.update(i, tokens, bucket)
        return super().forward(q, k, v, mask, scale)
