"""A calibration from the command line: load, watch, plan, write."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import nn

from gen.files import check_writable, replacing
from mixdit.calibration.latency import Latency
from mixdit.calibration.passes import Passes
from mixdit.calibration.pipelines import PipelineKind, check_labels, load_pipeline, run_pipeline
from mixdit.calibration.planning import make_plan
from mixdit.calibration.recorder import Recorder
from mixdit.calibration.sensitivity import measure_sensitivity
from mixdit.calibration.settings import Settings
from mixdit.calibration.statistics import Statistics
from mixdit.calibration.statistics_file import load_statistics, save_statistics
from mixdit.layers.balanced import balanced_layers, plan_of_balanced, with_balanced
from mixdit.layers.coverage import coverage
from mixdit.layers.packed import save_packed
from mixdit.layers.quantize_model import quantize_model
from mixdit.plan.array_passes import Price, array_passes
from mixdit.plan.plan import AttentionPlan, LinearPlan, Plan
from mixdit.plan.plan_file import plan_to_json, save_plan
from mixdit.plan.timestep_plan import TimestepPlan
from mixdit.rounding.balance import balance, check_balanceable
from mixdit.rounding.layer_file import load_layers, save_layers
from mixdit.rounding.round_weights import round_weights

__all__ = ["Job", "JobError", "run_job"]

PROBED_PASSES = 2
"""Passes per image whose derivatives are taken, for the choice by sensitivity."""

ROUNDING_PASSES = 32
"""Passes, over all images, whose activations decide how channels are balanced and weights rounded."""

PLAN, WEIGHTS, PREVIEW = "plan.json", "weights.safetensors", "preview.png"
STATISTICS, ROUNDED, BALANCED = "statistics.safetensors", "rounded.safetensors", "balanced.safetensors"
"""Names of the files that a job writes."""


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
    strict: bool = False
    balance: bool = False
    price: Price = array_passes

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
            "sensitivity": [self.settings.low.name, self.settings.high.name]
            if self.settings.choice == "sensitivity"
            else None,
        } | ({"balance": True} if self.balance else {})  # older files say nothing of it

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
            pipeline.transformer = _balanced(job, pipeline, notes)
        seen = _watch(job, pipeline, statistics, notes["done"])
        plan = make_plan(statistics, job.settings, job.price)
        plan = plan_of_balanced(plan, balanced_layers(pipeline.transformer))
        covered = coverage(pipeline.transformer, plan)
        if job.strict:
            covered.check()
        model = _rounded(job, pipeline, plan, seen)
        files = [job.output / PLAN, job.output / WEIGHTS]
        files += [job.output / BALANCED] * job.balance
        save_plan(plan, files[0])
        save_packed(model, plan, files[1])
        if job.preview:
            files.append(_preview(job, pipeline, quantize_model(model, plan)))
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
        "layers": _layer_table(plan),
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


@contextmanager
def _progress(unit: str) -> Iterator[Progress]:
    """A bar on the terminal, if there is one."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn(f"{{task.completed:.0f}}/{{task.total:.0f}} {unit}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield progress


Seen = dict[int, Sequence[dict[str, Any]]]
"""Arguments of some passes, by the number of the image."""


def _watch(job: Job, pipeline: Any, statistics: Statistics, done: int) -> Seen:
    """Sample the images that are left, and write the statistics after each."""
    seen: Seen = {}
    with _progress("images") as progress:
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
            seen[number] = _drawn(job, passes, number)
            notes = {"job": job.identity(), "done": number + 1}
            if job.balance:
                notes["balanced"] = balanced_layers(pipeline.transformer)
            save_statistics(statistics, _statistics_path(job), notes)
            progress.update(task, completed=number + 1)
    return seen


def _drawn(job: Job, passes: Passes, number: int) -> Sequence[dict[str, Any]]:
    """The passes of image ``number`` that weights are rounded for."""
    return passes.draw(-(-ROUNDING_PASSES // len(job.items)), job.settings.seed + number)


def _all_drawn(job: Job, pipeline: Any, seen: Seen, what: str) -> list[dict[str, Any]]:
    """Those of all images; such that were not seen, before an interruption say, are sampled once more."""
    with _progress("images") as progress:
        task = progress.add_task(what, total=len(job.items), completed=len(seen))
        for number in range(len(job.items)):
            if number not in seen:
                passes = Passes(lambda: progress.advance(task, 1 / job.steps))
                with passes.watch(pipeline.transformer):
                    job.run(pipeline, number, "latent")
                seen[number] = _drawn(job, passes, number)
    return [kwargs for number in sorted(seen) for kwargs in seen[number]]


def _balanced(job: Job, pipeline: Any, notes: dict[str, Any]) -> nn.Module:
    """The model with balanced channels, as it was before an interruption; its layers are written."""
    model: nn.Module = pipeline.transformer
    check_balanceable(model)  # before images are sampled for it
    path = job.output / BALANCED
    try:
        layers = {} if job.restart else load_layers(path, job.identity(), job.device)
    except ValueError as error:
        raise JobError(f"{error}; --restart replaces it") from error
    if layers:
        result = with_balanced(model, layers)
    else:
        result = balance(model, _all_drawn(job, pipeline, {}, "balancing"))
        linears = {name: m for name, m in result.named_modules() if isinstance(m, nn.Linear)}
        layers = {name: linears[name] for name in balanced_layers(result)}
        save_layers(layers, path, job.identity())
    if notes.get("balanced", balanced_layers(result)) != balanced_layers(result):
        raise JobError(f"{_statistics_path(job)} is of channels balanced otherwise: --restart replaces it")
    return result


def _rounded(job: Job, pipeline: Any, plan: Plan | TimestepPlan, seen: Seen) -> nn.Module:
    """The model with weights as the settings have them rounded; written after each block."""
    model: nn.Module = pipeline.transformer
    if job.settings.weight_rounding == "nearest":
        return model
    assert isinstance(plan, Plan), "settings refuse this rounding for several plans"
    batches = _all_drawn(job, pipeline, seen, "sampling")
    notes = {"job": job.identity(), "plan": plan_to_json(plan)}
    path = job.output / ROUNDED
    try:
        known = {} if job.restart else load_layers(path, notes, job.device)
    except ValueError as error:
        raise JobError(f"{error}; --restart replaces it") from error
    with _progress("layers") as progress:
        task = progress.add_task("rounding", total=len(plan.linears))
        return round_weights(
            model,
            plan,
            batches,
            progress=lambda done, of: progress.update(task, completed=done),
            known=known,
            keep=lambda layers: save_layers(layers, path, notes),
        )


def _preview(job: Job, pipeline: Any, quantized: nn.Module) -> Path:
    """Draw the first image, or the first of a video, in floating point and quantized, from the same noise."""
    from matplotlib.figure import Figure

    original: nn.Module = pipeline.transformer
    before = job.run(pipeline, 0, "np")[0]
    pipeline.transformer = quantized
    after = job.run(pipeline, 0, "np")[0]
    pipeline.transformer = original
    figure = Figure(figsize=(8, 4.4), layout="constrained")
    for axes, image, title in zip(
        figure.subplots(1, 2), (before, after), (str(job.dtype).removeprefix("torch."), "plan"), strict=True
    ):
        axes.imshow(image if job.kind.frames is None else image[0])
        axes.set_title(title)
        axes.axis("off")
    path = job.output / PREVIEW
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
