"""The baselines as Markdown."""

from collections.abc import Callable, Sequence

from gen.markdown import markdown_table
from perf.rtx3090.baselines import BASELINES, DEVICE, STATUSES, Figure, Row
from perf.rtx3090.calibration import GROUPS, checks, efficiencies
from perf.rtx3090.sources import Sourced, sources
from perf.rtx3090.time_model import cost
from perf.workloads.models import published

__all__ = ["document"]

_MODEL = """\
A kernel takes `max(operations / (peak x efficiency), bytes / (bandwidth x efficiency)) + {launch:.0f} us`.
PyTorch has a kernel for each operator; with flash attention one for each attention, whose heads are filled up
to a multiple of {multiple:.0f} channels. TensorRT has kernels for products, norms and softmax, everything
else within them at no cost, and sums in FP16: with sums in FP32 the {seconds:.0f} s of its makers would be
above the peak. The efficiency alone is fitted, one for each kind of software, to HunyuanDiT on the RTX 3090:
{efficiencies}. Calculated against the other measurements: {errors}.
"""

_SOFTWARE = {"eager": "attention in its parts", "flash": "flash attention", "tensorrt": "FP16"}


def document(found: Sequence[Row]) -> str:
    """``found`` with its statuses, the checks of the model of time, and the sources."""
    statuses = "\n".join(f"- {letter}: {meaning}." for letter, meaning in STATUSES.items())
    parts = [
        statuses,
        "Milliseconds of a step, two samples for guidance, of the transformer alone:",
        _by_model(found, lambda row: _cell(row.step, 1000)),
        "Seconds of an image, transformer alone / with text encoders and VAE decoder (in FP16), by the"
        f" published defaults.\nThese are {_defaults(found)}.",
        _by_model(found, _of_image),
        _model(),
        "Share of launches, whose cost is assumed, in a step:",
        _launches(found),
        "Measured, and by the model. An error below zero takes the GPU to be faster than it was:",
        _checks(),
        "Sources:",
        _sources(),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _by_model(found: Sequence[Row], cell: Callable[[Row], str]) -> str:
    titles = list(dict.fromkeys(row.title for row in found))
    cells = {(row.baseline, row.title): cell(row) for row in found}
    lines = [
        (name, *(cells[baseline, title] for title in titles))
        for baseline, name in BASELINES.items()
        if (baseline, titles[0]) in cells
    ]
    return markdown_table(("", *titles), lines)


def _cell(figure: Figure, scale: float) -> str:
    ends = [f"{scale * seconds:.3g}" for seconds in (figure.least, figure.most)]
    return f"{'-'.join(dict.fromkeys(ends))} {figure.status}"


def _of_image(row: Row) -> str:
    measured = f"; {_cell(row.measured, 1)}" if row.measured else ""
    return f"{_cell(row.image, 1)} / {_cell(row.whole_image, 1)}{measured}"


def _defaults(found: Sequence[Row]) -> str:
    models = {row.model: row.title for row in found}
    return ", ".join(f"{title} {published(model).image.steps} steps" for model, title in models.items())


def _model() -> str:
    assumptions = sources().assumptions
    (tensorrt,) = (of for of in sources().measurements if of.calibrates and of.software == "tensorrt")
    return _MODEL.format(
        launch=1e6 * assumptions["launch_seconds"].value,
        multiple=assumptions["head_multiple"].value,
        seconds=tensorrt.seconds,
        efficiencies=", ".join(f"{group} {share:.3f}" for group, share in efficiencies().items()),
        errors=", ".join(map(_errors, efficiencies())),
    )


def _errors(group: str) -> str:
    """Between what the errors of a group are where it is not fitted."""
    found = [check for check in checks() if not check.measurement.calibrates]
    errors = sorted(check.error for check in found if GROUPS[check.measurement.software] == group)
    return f"{group} {100 * errors[0]:+.0f}% to {100 * errors[-1]:+.0f}%"


def _launches(found: Sequence[Row]) -> str:
    models = {row.model: row.title for row in found}
    lines = []
    for software, group in GROUPS.items():
        costs = [cost(published(model).step, sources().devices[DEVICE], software) for model in models]
        shares = (1 - of.work / efficiencies()[group] / of.seconds(efficiencies()[group]) for of in costs)
        lines.append((BASELINES[software], *(f"{share:.0%} A" for share in shares)))
    return markdown_table(("", *models.values()), lines)


def _checks() -> str:
    lines = []
    for check in checks():
        of = check.measurement
        model = published(of.model).title + "".join(
            f", {size} {name} tokens" for name, size in of.sizes.items()
        )
        what = f"{of.steps} steps" if of.steps > 1 else "step"
        lines.append(
            (
                sources().devices[of.device].title,
                f"{model}, {what}",
                f"{of.framework}, {_SOFTWARE[of.software]}",
                f"{of.seconds:.3g} s M",
                f"{check.calculated:.3g} s C",
                f"{round(100 * check.error):+d}%",
                "calibrates" if of.calibrates else "checks",
            )
        )
    return markdown_table(("GPU", "of", "software", "measured", "calculated", "error", "use"), lines, texts=3)


def _sources() -> str:
    found = sources()
    named: list[tuple[str, Sourced]] = [(device.title, device) for device in found.devices.values()]
    named += [(BASELINES[name], speedup) for name, speedup in found.speedups.items()]
    named += [(name.replace("_", " "), assumption) for name, assumption in found.assumptions.items()]
    named += [
        (f"{found.devices[of.device].title}, {published(of.model).title}, {of.software}", of)
        for of in found.measurements
    ]
    lines = [(name, of.source, of.line.replace("|", "/")) for name, of in named]
    return markdown_table(("of", "source", "line"), lines, texts=3)
