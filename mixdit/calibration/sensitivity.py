"""How much the model's output depends on each channel and head."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from mixdit.calibration.settings import Settings
from mixdit.calibration.statistics import Statistics
from mixdit.layers.attention import MXAttention, ScaledDotProductAttention
from mixdit.layers.attention_sites import attention_sites, with_attention
from mixdit.layers.batches import Batch, call, first_tensor
from mixdit.layers.modules import replace_module
from mixdit.layers.quantizable import quantizable_linears
from mixdit.plan.head_formats import OPERANDS, HeadFormats

__all__ = ["measure_sensitivity", "rated_formats"]


def measure_sensitivity(
    model: nn.Module, batches: Iterable[Batch], statistics: Statistics, settings: Settings
) -> None:
    """Measure the sensitivities of ``statistics`` on some batches; they join those of earlier calls.

    With random signs s, the derivatives g of ``sum(s * output)`` by an activation have the mean square that
    errors of that activation are multiplied with on their way to the output (independent errors, first
    order). A channel's sensitivity is the mean of g**2 over tokens and samples, times the tokens of a
    sample. For a head in each of some formats, the sum of g times all that its output errs in a sample has as
    its mean square the energy of the model's error, however the head's errors hang together: those of k and
    v do, as all queries meet them.

    Parameters
    ----------
    model:
        In floating point; its parameters get no gradients.
    batches:
        A few suffice; memory for a backward pass is needed.
    statistics:
        Of the same model, see `Recorder`.
    settings:
        The formats in question and the seed.

    Raises
    ------
    ValueError
        Derivatives that are not finite; the message names the layer.
    """
    generator = torch.Generator().manual_seed(settings.seed + statistics.probed)
    sums: dict[str, Tensor] = {}
    count, power = 0, 0.0
    with _probes(model, sums, settings), torch.enable_grad():
        for batch in batches:
            output = first_tensor(call(model, batch, with_gradient=True))
            signs = torch.randint(0, 2, output.shape, generator=generator) * 2.0 - 1
            (output * signs.to(output)).sum().backward()
            count += len(output)
            power += output.detach().double().square().sum().item()
    for path, value in sums.items():
        if not value.isfinite().all():
            raise ValueError(f"{path}: derivatives of the model's output by it are not finite")
    before, statistics.probed = statistics.probed, statistics.probed + count
    statistics.power = (statistics.power * before + power) / statistics.probed
    for path, entry in statistics.linears.items():
        old = torch.zeros_like(sums[path]) if entry.sensitivity is None else entry.sensitivity
        entry.sensitivity = (old * before + sums[path]) / statistics.probed
    for path, attention in statistics.attentions.items():
        old = torch.zeros_like(sums[path]) if attention.errors is None else attention.errors
        attention.errors = (old * before + sums[path]) / statistics.probed


def rated_formats(settings: Settings) -> tuple[HeadFormats, ...]:
    """What heads are rated in: all low, all high, and low but for q, k, p or v; see `AttentionStatistics`."""
    low, high = HeadFormats.of(settings.low), HeadFormats.of(settings.high)
    return low, high, *(replace(low, **{operand: settings.high}) for operand in OPERANDS)


@contextmanager
def _probes(model: nn.Module, sums: dict[str, Tensor], settings: Settings) -> Iterator[None]:
    """While active, backward passes through ``model`` add to ``sums``; parameters take no gradients."""
    needed = {p: p.requires_grad for p in model.parameters()}
    handles = [
        linear.register_forward_pre_hook(partial(_watch_input, sums, path))
        for path, linear in quantizable_linears(model).items()
    ]
    sites = attention_sites(model)
    for path, site in sites.items():
        replace_module(
            model, path, with_attention(site, _ProbedAttention(sums, path, settings), required=False)
        )
    model.requires_grad_(False)
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        for path, site in sites.items():
            replace_module(model, path, site)
        for parameter, flag in needed.items():
            parameter.requires_grad_(flag)


def _add(sums: dict[str, Tensor], path: str, value: Tensor) -> None:
    sums[path] = sums.get(path, 0) + value.float().cpu()


def _watch_input(sums: dict[str, Tensor], path: str, module: nn.Module, args: tuple[Any, ...]) -> None:
    if args[0].ndim >= 3 and args[0].requires_grad:
        args[0].register_hook(lambda g: _add(sums, path, g.square().flatten(0, -2).sum(0)))


class _ProbedAttention(ScaledDotProductAttention):
    """Attention that weighs, on the way back, what its heads err in each of some formats."""

    def __init__(self, sums: dict[str, Tensor], path: str, settings: Settings) -> None:
        super().__init__()
        self.sums, self.path, self.settings = sums, path, settings

    def forward(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, scale: float | None = None
    ) -> Tensor:
        output = super().forward(q, k, v, mask, scale)
        with torch.no_grad():
            errors = [
                MXAttention([formats] * q.shape[1])(q, k, v, mask, scale) - output
                for formats in rated_formats(self.settings)
            ]
        output.register_hook(lambda g: _add(self.sums, self.path, _weighed(g, errors)))
        return output


def _weighed(g: Tensor, errors: Sequence[Tensor]) -> Tensor:
    """Energy that reaches the model's output: ``[formats, heads]``, of all samples."""
    return torch.stack([(g * error).sum((2, 3)).square().sum(0) for error in errors])
