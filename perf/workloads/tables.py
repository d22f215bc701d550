"""Workloads as Markdown."""

from collections.abc import Mapping

from gen.markdown import markdown_table
from perf.workloads.models import PublishedModel
from perf.workloads.workload import Workload

__all__ = ["operations_table", "outside_table", "products_table", "summary"]


def summary(models: Mapping[str, PublishedModel]) -> str:
    """A line for each network: a step, and an image by the published defaults."""
    columns: tuple[str, ...] = (
        "network",
        "parameters",
        "products in a step",
        "TFLOP of a step",
        "of it attention",
    )
    columns += ("other operations", "GB of traffic unfused, FP16", "steps, guidance", "TFLOP of an image")
    lines = []
    for model in models.values():
        step, image = model.step, model.image
        others = len(step.operations) - len(step.products)
        lines.append(
            (
                model.title,
                f"{step.parameters:,}",
                f"{len(step.products)}",
                f"{step.flops / 1e12:.4f}",
                f"{step.attention_flops / step.flops:.1%}",
                f"{others:,}",
                f"{sum(operation.bytes_moved for operation in step.operations) / 1e9:.1f}",
                f"{image.steps}, {image.guidance:g}",
                f"{image.steps * step.flops / 1e12:.1f}",
            )
        )
    return markdown_table(columns, lines)


def outside_table(models: Mapping[str, PublishedModel]) -> str:
    """What an image takes once, outside its steps."""
    lines = [
        (
            model.title,
            name,
            f"{part.parameters:,}",
            f"{part.flops / 1e12:.4f}",
            f"{part.flops / model.image_flops:.1%}",
        )
        for model in models.values()
        for name, part in model.outside.items()
    ]
    return markdown_table(
        ("network", "part", "parameters", "TFLOP of an image", "of all of it"), lines, texts=2
    )


def products_table(workload: Workload) -> str:
    """The products of ``workload``, those of one shape in one line."""
    lines = [
        (
            ", ".join(layer or "(itself)" for layer in group.layers),
            group.kind,
            *(
                f"{size:,}"
                for size in (group.product.m, group.product.k, group.product.n, group.product.batch)
            ),
            f"{group.product.heads} of {group.product.head_dimension}" if group.product.heads else "",
            f"{group.calls}",
            f"{2 * group.product.macs * group.calls / 1e9:,.3f}",
        )
        for group in workload.groups()
    ]
    columns = ("layers", "kind", "M", "K", "N", "batch", "heads", "calls", "GFLOP of all")
    return markdown_table(columns, lines, texts=2)


def operations_table(workload: Workload) -> str:
    """The operations of ``workload`` by kind."""
    lines = [
        (kind, f"{calls:,}", f"{flops / 1e9:,.3f}", f"{elements / 1e6:,.1f}", f"{moved / 1e9:,.3f}")
        for kind, (calls, flops, elements, moved) in workload.by_kind().items()
    ]
    return markdown_table(("kind", "calls", "GFLOP", "M elements written", "GB moved, unfused"), lines)
