"""The models of a job: with balanced channels, with rounded weights; both go on after an interruption."""

from pathlib import Path
from typing import Any

from torch import nn

from mixdit.calibration.drawn_passes import Seen, all_drawn, show_progress
from mixdit.calibration.job import Job, JobError
from mixdit.layers.balanced import balanced_layers, with_balanced
from mixdit.plan.plan import Plan
from mixdit.plan.plan_file import plan_to_json
from mixdit.plan.timestep_plan import TimestepPlan
from mixdit.rounding.balance import balance, check_balanceable
from mixdit.rounding.layer_file import load_layers, save_layers
from mixdit.rounding.round_weights import round_weights

__all__ = ["BALANCED", "ROUNDED", "balanced_model", "rounded_model"]

ROUNDED, BALANCED = "rounded.safetensors", "balanced.safetensors"
"""Files of layers that are rounded, or balanced."""


def balanced_model(job: Job, pipeline: Any) -> nn.Module:
    """The model with balanced channels, as it was before an interruption; its layers are written.

    Raises
    ------
    ValueError
        A model that has no such channels.
    JobError
        A file that is of something else.
    """
    model: nn.Module = pipeline.transformer
    check_balanceable(model)  # before images are sampled for it
    path = job.output / BALANCED
    if layers := _known(job, path, job.identity()):
        result = with_balanced(model, layers)
    else:
        result = balance(model, all_drawn(job, pipeline, {}, "balancing"))
        linears = {name: m for name, m in result.named_modules() if isinstance(m, nn.Linear)}
        layers = {name: linears[name] for name in balanced_layers(result)}
        save_layers(layers, path, job.identity())
    return result


def rounded_model(job: Job, pipeline: Any, plan: Plan | TimestepPlan, seen: Seen) -> nn.Module:
    """The model with weights as the settings have them rounded; written after each block.

    Raises
    ------
    ValueError
        Inputs of a layer that are not finite; the message names it.
    JobError
        A file that is of something else.
    """
    model: nn.Module = pipeline.transformer
    if job.settings.weight_rounding == "nearest":
        return model
    assert isinstance(plan, Plan), "settings refuse this rounding for several plans"
    batches = all_drawn(job, pipeline, seen, "sampling")
    notes = {"job": job.identity(), "plan": plan_to_json(plan)}
    path = job.output / ROUNDED
    known = _known(job, path, notes)
    with show_progress("layers") as progress:
        task = progress.add_task("rounding", total=len(plan.linears))
        return round_weights(
            model,
            plan,
            batches,
            progress=lambda done, of: progress.update(task, completed=done),
            known=known,
            keep=lambda layers: save_layers(layers, path, notes),
        )


def _known(job: Job, path: Path, notes: Any) -> dict[str, nn.Linear]:
    """Layers by path that an interrupted job left, none if it begins anew."""
    try:
        return {} if job.restart else load_layers(path, notes, job.device)
    except ValueError as error:
        raise JobError(f"{error}; --restart replaces it") from error
