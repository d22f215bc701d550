"""A calibration from the command line: load, watch, plan, write."""

import inspect
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import nn

from gen.files import replacing
from mixdit.calibration.pipelines import PipelineKind, load_pipeline, run_pipeline
from mixdit.calibration.planning import make_plan
from mixdit.calibration.recorder import Recorder
from mixdit.calibration.sensitivity import measure_sensitivity
from mixdit.calibration.settings import Settings
from mixdit.calibration.statistics import Statistics
from mixdit.calibration.statistics_file import load_statistics, save_statistics
from mixdit.layers.packed import save_packed
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.plan.plan_file import save_plan
from mixdit.plan.timestep_plan import TimestepPlan

__all__ = ["Job", "JobError", "run_job"]

PROBED_PASSES = 2
"""Passes per image whose derivatives are taken, for the choice by sensitivity."""


class JobError(OSError):
    """A model cannot be calibrated; the message says why in one line."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to calibrate, with what, and where to; see ``mixdit calibrate --help``."""

    model: str
    kind: PipelineKind
    items: tuple[int | str, ...]
    output: Path
    settings: Settings
    steps: int
    guidance: float | None
    size: int | None
    dtype: torch.dtype
    device: str
    restart: bool
    preview: bool

    def identity(self) -> dict[str, Any]:
        """What statistics depend on: they serve another job if it has the same."""
        return {
            "model": self.model,
            "pipeline": self.kind.pipeline,
            "items": list(self.items),
            "steps": self.steps,
            "guidance": self.guidance,
            "size": self.size,
            "dtype": str(self.dtype),
            "tokens": self.settings.tokens,
            "seed": self.settings.seed,
            "sensitivity": self.settings.choice == "sensitivity",
        }

    def run(self, pipeline: Any, number: int, output_type: str) -> Any:
        """Sample image ``number``."""
        return run_pipeline(
            pipeline,
            self.kind,
            self.items[number : number + 1],
            steps=self.steps,
            seed=self.settings.seed + number,
            guidance=self.guidance,
            size=self.size,
            output_type=output_type,
        )


def run_job(job: Job) -> dict[str, Any]:
    """Calibrate, write plan and packed weights, and return figures for people.

    Raises
    ------
    LoadError, JobError
        The model cannot be loaded or calibrated.
    OSError
        Files cannot be written.
    """
    job.output.mkdir(parents=True, exist_ok=True)
    statistics, done = _resume(job)
    pipeline = load_pipeline(job.model, job.kind, job.dtype, job.device)
    _check_labels(job, pipeline)
    try:
        _watch(job, pipeline, statistics, done)
        plan = make_plan(statistics, job.settings)
        files = [job.output / "plan.json", job.output / "weights.safetensors"]
        save_plan(plan, files[0])
        save_packed(pipeline.transformer, plan, files[1])
        if job.preview:
            files.append(_preview(job, pipeline, plan))
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
        "passes": statistics.passes,
        "layers": _layer_table(plan),
        "files": [str(path) for path in files],
    }


def _check_labels(job: Job, pipeline: Any) -> None:
    if job.kind.takes == "class_labels":
        classes = pipeline.transformer.config.num_embeds_ada_norm
        for label in job.items:
            if not 0 <= int(label) < classes:
                raise JobError(f"labels must be 0 to {classes - 1}, the model's classes, not {label}")


def _statistics_path(job: Job) -> Path:
    return job.output / "statistics.safetensors"


def _resume(job: Job) -> tuple[Statistics, int]:
    """Statistics so far, and of how many images."""
    path = _statistics_path(job)
    if job.restart or not path.exists():
        return Statistics(), 0
    try:
        statistics, notes = load_statistics(path)
    except ValueError as error:
        raise JobError(f"{error}; --restart replaces it") from error
    if notes.get("job") != job.identity():
        raise JobError(f"{path} is of another calibration: choose another --output, or --restart")
    return statistics, int(notes["done"])


def _watch(job: Job, pipeline: Any, statistics: Statistics, done: int) -> None:
    """Sample the images that are left, and write the statistics after each."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} images"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("calibrating", total=len(job.items), completed=done)
        for number in range(done, len(job.items)):
            calls = _Calls(progress, task, 1 / job.steps)
            with (
                Recorder(
                    pipeline.transformer, statistics, tokens=job.settings.tokens, seed=job.settings.seed
                ),
                calls.watch(pipeline.transformer),
            ):
                job.run(pipeline, number, "latent")
            if job.settings.choice == "sensitivity":
                generator = torch.Generator().manual_seed(job.settings.seed + number)
                chosen = torch.randperm(len(calls.kwargs), generator=generator)[:PROBED_PASSES]
                probed = [calls.kwargs[i] for i in chosen.tolist()]
                measure_sensitivity(pipeline.transformer, probed, statistics, job.settings)
            notes = {"job": job.identity(), "done": number + 1}
            save_statistics(statistics, _statistics_path(job), notes)
            progress.update(task, completed=number + 1)


class _Calls:
    """Keeps the arguments of a model's passes, and moves a progress bar on with each.

    Parameters
    ----------
    progress, task, step:
        The bar, and how far a pass moves it.

    ``kwargs`` are the arguments, all by keyword, as pipelines give them.
    """

    def __init__(self, progress: Progress, task: TaskID, step: float) -> None:
        self.progress, self.task, self.step = progress, task, step
        self.kwargs: list[dict[str, Any]] = []

    @contextmanager
    def watch(self, model: nn.Module) -> Iterator[None]:
        """While active, passes of ``model`` are kept."""
        handle = model.register_forward_pre_hook(self._keep, with_kwargs=True)
        try:
            yield
        finally:
            handle.remove()

    def _keep(self, model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        names = inspect.signature(model.forward).bind(*args, **kwargs).arguments
        self.kwargs.append(dict(names))
        self.progress.advance(self.task, self.step)


def _preview(job: Job, pipeline: Any, plan: Plan | TimestepPlan) -> Path:
    """Draw the first image in floating point and with the plan, from the same noise."""
    from matplotlib.figure import Figure

    original: nn.Module = pipeline.transformer
    before = job.run(pipeline, 0, "np")[0]
    pipeline.transformer = quantize_model(original, plan)
    after = job.run(pipeline, 0, "np")[0]
    pipeline.transformer = original
    figure = Figure(figsize=(8, 4.4), layout="constrained")
    for axes, image, title in zip(
        figure.subplots(1, 2), (before, after), (str(job.dtype).removeprefix("torch."), "plan"), strict=True
    ):
        axes.imshow(image)
        axes.set_title(title)
        axes.axis("off")
    path = job.output / "preview.png"
    with replacing(path) as new:
        figure.savefig(new, dpi=120)
    return path


def _layer_table(plan: Plan | TimestepPlan) -> list[dict[str, Any]]:
    """Layers of the same name in all blocks together, such as ``transformer_blocks.*.attn1.to_q``."""
    plans = plan.plans if isinstance(plan, TimestepPlan) else (plan,)
    groups: dict[str, list[LinearPlan | AttentionPlan]] = defaultdict(list)
    for each in plans:
        for path, layer in [*each.linears.items(), *each.attentions.items()]:
            groups[re.sub(r"\.\d+\.", ".*.", path, count=1)].append(layer)
    return [
        {
            "layer": name,
            "count": len(layers) // len(plans),
            "with_outliers": sum(layer.mx9_share > 0 for layer in layers) / len(plans),
            "share": sum(x.mx9_share * x.elements for x in layers) / sum(x.elements for x in layers),
        }
        for name, layers in groups.items()
    ]
