"""Watches a model at work, for statistics."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from mixdit.calibration.statistics import AttentionStatistics, LinearStatistics, Statistics, bucket_of
from mixdit.layers.attention import ScaledDotProductAttention
from mixdit.layers.attention_sites import attention_sites, with_attention
from mixdit.layers.modules import replace_module
from mixdit.timesteps.timesteps import find_timesteps

__all__ = ["Recorder", "quantizable_linears"]


def quantizable_linears(model: nn.Module) -> dict[str, nn.Linear]:
    """Linear layers of the model's repeated blocks (members of a ``ModuleList``), by path.

    Embeddings, and the layer that makes the output, stay outside, as they do in the literature. So do, as
    soon as they are seen at work, layers whose input is one vector per sample (adaLN modulation): they are
    a negligible part of the work.
    """
    lists = tuple(f"{path}." for path, m in model.named_modules() if isinstance(m, nn.ModuleList))
    return {
        path: module
        for path, module in model.named_modules()
        if isinstance(module, nn.Linear) and path.startswith(lists)
    }


class Recorder:
    """Collects statistics of every pass of a model while it is active, as a context manager.

    Tokens are drawn at random: a stride would meet the same positions in every sample.

    Parameters
    ----------
    model:
        Called by whoever likes, such as a pipeline of diffusers. Layers are those of `quantizable_linears`,
        and `attention_sites`.
    statistics:
        Where to add what is seen.
    tokens:
        Tokens drawn per pass and layer.
    seed:
        Of the drawing.
    """

    def __init__(self, model: nn.Module, statistics: Statistics, *, tokens: int = 256, seed: int = 0) -> None:
        self.model, self.statistics, self.tokens = model, statistics, tokens
        # A resumed collection continues with other tokens than it began with.
        self.generator = torch.Generator().manual_seed(seed + 1_000_003 * statistics.passes)
        self._timesteps = [0.0]
        self._handles: list[RemovableHandle] = []

    def __enter__(self) -> Self:
        self._handles.append(self.model.register_forward_pre_hook(self._begin, with_kwargs=True))
        for path, linear in quantizable_linears(self.model).items():
            self._handles.append(linear.register_forward_pre_hook(partial(self._linear, path)))
        self._sites = attention_sites(self.model)
        for path, site in self._sites.items():
            replace_module(self.model, path, with_attention(site, _RecordingAttention(self, path)))
        return self

    def __exit__(self, *exc: object) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        for path, site in self._sites.items():
            replace_module(self.model, path, site)

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
        if x.ndim < 3:
            return
        entries = self.statistics.linears
        if path not in entries:
            entries[path] = LinearStatistics.empty(x.shape[-1], module.out_features)
        entry = entries[path]
        entry.elements += x.numel()
        for bucket, tokens in self.draw(x.flatten(1, -2)):
            entry.update(tokens, bucket, self.generator)


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
            for bucket, tokens in self.recorder.draw(x.transpose(1, 2)):
                entry.update(i, tokens, bucket)
        return super().forward(q, k, v, mask, scale)
