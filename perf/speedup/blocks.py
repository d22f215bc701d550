"""Programs of published networks' blocks, with random weights: cycles do not depend on values."""

import functools
import importlib
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from golden import MX6, MX9
from golden.engine import EngineParameters
from mixdit.compiler.diffusers_program import Sizes, diffusers_program, longest_row
from mixdit.compiler.program import Program
from perf.speedup.mixes import Mix
from perf.workloads.models import description

__all__ = ["NETWORKS", "Blocks", "network_blocks"]

NETWORKS = ("dit-xl-2-256", "dit-xl-2-512", "pixart-sigma-1024", "sd3-medium-1024")
"""Those whose blocks the compiler knows."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Blocks:
    """The blocks of a network, one of each kind.

    Parameters
    ----------
    model:
        The transformer with the kinds of blocks that it has, in float32.
    counts:
        How many of each kind the network has.
    samples:
        In a step: two with guidance.
    sizes:
        Tokens.
    """

    model: nn.Module
    counts: tuple[int, ...]
    samples: int
    sizes: Sizes

    @property
    def longest_row(self) -> int:
        """Channels of the longest row that is normalized or permuted."""
        blocks: Any = self.model.transformer_blocks
        hidden = (m.in_features for m in blocks.modules() if isinstance(m, nn.Linear))
        return max(longest_row(self.model), *hidden)

    def programs(self, mix: Mix, parameters: EngineParameters, samples: int | None = None) -> list[Program]:
        """That of each kind for an engine, of as many samples as the network has, or of so many."""
        plan = mix.plan(self.model)
        return [
            diffusers_program(
                self.model,
                range(n, n + 1),
                plan=plan,
                weight=MX6,
                activation=MX9,
                sizes=self.sizes,
                samples=self.samples if samples is None else samples,
                parameters=parameters,
            )
            for n in range(len(self.counts))
        ]


@functools.cache
def network_blocks(name: str) -> Blocks:
    """The blocks of a network, one of `NETWORKS`. Raises ValueError for another name."""
    if name not in NETWORKS:
        raise ValueError(f"network must be one of {', '.join(NETWORKS)}, not {name!r}")
    described = description(name)
    part: Any = described["transformer"]
    configuration = dict(part["configuration"])
    layers = configuration["num_layers"]
    # The last block of SD3 drops the text's part.
    counts = (layers - 1, 1) if part["class"].startswith("SD3") else (layers,)
    torch.manual_seed(0)
    of_class = getattr(importlib.import_module(part["library"]), part["class"])
    model = of_class(**configuration | {"num_layers": len(counts)}).float().eval().requires_grad_(False)
    text = described["sizes"].get("text")
    samples = 2 if described["image"]["guidance"] > 1 else 1
    return Blocks(model=model, counts=counts, samples=samples, sizes=Sizes(model, None, text))
