"""A calibration from the command line: load, watch, plan, write."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from gen.files import check_writable
from mixdit.calibration.drawn_passes import Seen, drawn, show_progress
from mixdit.calibration.job import Job, JobError
from mixdit.calibration.job_models import BALANCED, ROUNDED, balanced_model, rounded_model
from mixdit.calibration.latency import Latency
from mixdit.calibration.layer_table import layer_table
from mixdit.calibration.passes import Passes
from mixdit.calibration.pipelines import check_labels, load_pipeline
from mixdit.calibration.planning import make_plan
from mixdit.calibration.preview import draw_preview
from mixdit.calibration.recorder import Recorder
from mixdit.calibration.sensitivity import measure_sensitivity
from mixdit.calibration.statistics import Statistics
from mixdit.calibration.statistics_file import load_statistics, save_statistics
from mixdit.layers.balanced import balanced_layers, plan_of_balanced
from mixdit.layers.coverage import coverage
from mixdit.layers.packed import save_packed
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.plan_file import save_plan

__all__ = ["run_job"]

PROBED_PASSES = 2
"""Passes per image whose derivatives are taken, for the choice by sensitivity."""

PLAN, WEIGHTS = "plan.json", "weights.safetensors"
STATISTICS, PREVIEW = "statistics.safetensors", "preview.png"
"""Names of the files that a job writes, beside those of layers."""


def run_job(job: Job) -> dict[str, Any]:
    """Calibrate, write plan and packed weights, and return figures for people.

    Raises
    ------
    LoadError, JobError
        The model cannot be loaded or calibrated, or a strict job not quantize all that it should.
    OSError
        Files cannot be written.
    """
    optional = ((BALANCED, job.balance), (PREVIEW, job.preview))
    for name in (PLAN, WEIGHTS, STATISTICS, ROUNDED, *(name for name, wanted in optional if wanted)):
        check_writable(job.output / name)  # before hours pass
    statistics, notes = _resume(job)
    pipeline = load_pipeline(job.model, job.kind, job.dtype, job.device)
    check_labels(pipeline, job.kind, job.items)
    try:
        if job.balance:
            pipeline.transformer = balanced_model(job, pipeline)
            _check_balanced(job, notes, balanced_layers(pipeline.transformer))
        seen = _watch(job, pipeline, statistics, notes["done"])
        plan = make_plan(statistics, job.settings, job.price)
        plan = plan_of_balanced(plan, balanced_layers(pipeline.transformer))
        covered = coverage(pipeline.transformer, plan)
        if job.strict:
            covered.check()
        model = rounded_model(job, pipeline, plan, seen)
        files = [job.output / PLAN, job.output / WEIGHTS]
        files += [job.output / BALANCED] * job.balance
        save_plan(plan, files[0])
        save_packed(model, plan, files[1])
        if job.preview:
            files.append(job.output / PREVIEW)
            draw_preview(job, pipeline, quantize_model(model, plan), files[-1])
    except ValueError as error:
        raise JobError(str(error)) from error
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "memory" not in str(error):
            raise
        raise JobError(
            f"not enough memory on {job.device}: try --dtype bfloat16, or a smaller --size"
        ) from error
    return {
        "model": job.model,
        "high": str(job.settings.high),
        "mx9_linear": plan.mx9_linear,
        "mx9_attention": plan.mx9_attention,
        "latency": Latency(statistics, job.price).relative(plan),
        "passes": statistics.passes,
        "balanced_layers": len(plan.balanced),
        "rounding": job.settings.weight_rounding,
        "layers": layer_table(plan),
        "floating_point": covered.reasons(),
        "files": [str(path) for path in files],
    }


def _statistics_path(job: Job) -> Path:
    return job.output / STATISTICS


def _resume(job: Job) -> tuple[Statistics, dict[str, Any]]:
    """Statistics so far, and notes: of how many images (``done``), and of which ``balanced`` layers."""
    path = _statistics_path(job)
    if job.restart or not path.exists():
        return Statistics(), {"done": 0}
    try:
        statistics, notes = load_statistics(path)
    except ValueError as error:
        raise JobError(f"{error}; --restart replaces it") from error
    if notes.get("job") != job.identity():
        raise JobError(f"{path} is of another calibration: choose another --output, or --restart")
    return statistics, notes


def _check_balanced(job: Job, notes: Mapping[str, Any], layers: Mapping[str, str]) -> None:
    """Statistics of other channels than ``layers`` are an error."""
    if notes.get("balanced", layers) != layers:
        raise JobError(f"{_statistics_path(job)} is of channels balanced otherwise: --restart replaces it")


def _watch(job: Job, pipeline: Any, statistics: Statistics, done: int) -> Seen:
    """Sample the images that are left, and write the statistics after each."""
    seen: Seen = {}
    with show_progress("images") as progress:
        task = progress.add_task("calibrating", total=len(job.items), completed=done)
        for number in range(done, len(job.items)):
            passes = Passes(lambda: progress.advance(task, 1 / job.steps))
            with (
                Recorder(
                    pipeline.transformer, statistics, tokens=job.settings.tokens, seed=job.settings.seed
                ),
                passes.watch(pipeline.transformer),
            ):
                job.run(pipeline, number, "latent")
            seed = job.settings.seed + number
            if job.settings.choice == "sensitivity":
                probed = passes.draw(PROBED_PASSES, seed)
                measure_sensitivity(pipeline.transformer, probed, statistics, job.settings)
            seen[number] = drawn(job, passes, number)
            notes = {"job": job.identity(), "done": number + 1}
            if job.balance:
                notes["balanced"] = balanced_layers(pipeline.transformer)
            save_statistics(statistics, _statistics_path(job), notes)
            progress.update(task, completed=number + 1)
    return seen
