"""Programs of the digits transformers' blocks, and examples for them."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from golden import Format
from golden.engine import EngineParameters
from mixdit.compiler.block_compiler import compile_blocks
from mixdit.compiler.block_plan import BlockPlan
from mixdit.compiler.block_weights import block_weights
from mixdit.compiler.example import Example
from mixdit.compiler.program import Program
from mixdit.digits.data import CLASSES, IMAGE_SIZE, load_digits
from mixdit.digits.diffusion import add_noise, balanced_labels, initial_noise
from mixdit.digits.model import DigitsTransformer
from mixdit.layers.balanced import check_balanced
from mixdit.plan.plan import Plan
from mixdit.plan.timestep_plan import TimestepPlan

__all__ = ["digits_example", "digits_program", "one_plan"]


def digits_program(
    model: DigitsTransformer,
    blocks: range,
    *,
    plan: Plan | None = None,
    weight: Format,
    activation: Format,
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
        For this model: see `BlockPlan.of`. Left out, weights are in ``weight``, all else in ``activation``.
    samples:
        Images at a time.
    parameters:
        The engine.

    Raises
    ------
    ValueError
        As `compile_blocks`; a plan of a model with balanced channels for one without.
    """
    if plan is not None:
        check_balanced(model, plan)
    compiled = []
    for n in blocks:
        weights = block_weights(model.blocks[n])
        if plan is None:
            of_block = BlockPlan.uniform(weights, weight=weight, activation=activation, head=activation)
        else:
            of_block = BlockPlan.of(plan, f"blocks.{n}", weights)
        compiled.append((weights, of_block))
    return compile_blocks(compiled, tokens=model.shape.side**2, samples=samples, parameters=parameters)


@torch.inference_mode()
def digits_example(
    model: DigitsTransformer, blocks: range, *, samples: int = 1, timestep: int = 200, seed: int = 0
) -> Example:
    """What these blocks get and give for noisy digits, in floating point; for noise where there are none.

    Parameters
    ----------
    model, blocks:
        As for `digits_program`.
    samples:
        Images, each of another class.
    timestep:
        0 to 999: the more, the noisier.
    seed:
        Of the choice of images and of the noise.
    """
    timesteps = torch.full((samples,), timestep)
    noisy, labels = initial_noise(samples, seed, model.shape.image), balanced_labels(samples)
    if model.shape.image == IMAGE_SIZE:
        images, shown = load_digits()
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
        chosen = [int(order[(shown[order] == label)][n // CLASSES]) for n, label in enumerate(labels)]
        noisy = add_noise(images[chosen], noisy, timesteps)
    seen: dict[str, Tensor] = {}

    def before(module: Any, inputs: tuple[Tensor, Tensor]) -> None:
        seen["tokens"], seen["condition"] = inputs

    def behind(module: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        seen["floats"] = output

    hooks = [
        model.blocks[blocks[0]].register_forward_pre_hook(before),
        model.blocks[blocks[-1]].register_forward_hook(behind),
    ]
    try:
        model(noisy, timesteps, labels)
    finally:
        for hook in hooks:
            hook.remove()
    return Example(**{name: _rows(value) for name, value in seen.items()})


def one_plan(plan: Plan | TimestepPlan, timestep: int | None = None) -> Plan:
    """The plan for a timestep; ``ValueError`` for several plans without one."""
    if not isinstance(plan, TimestepPlan):
        return plan
    if timestep is None:
        raise ValueError("packed weights must be of one plan, not of one for each range of timesteps")
    return plan.plans[plan.index(timestep)]


def _rows(value: Tensor) -> NDArray[np.float32]:
    return value.reshape(-1, value.shape[-1]).numpy().copy()
