"""Ablations as tables."""

from collections.abc import Sequence
from itertools import pairwise

from perf.speedup.ablations import ABLATIONS, LADDER, Ablated
from perf.speedup.table import Table
from perf.workloads.models import published

__all__ = ["ablation_table", "ladder_table"]


def ablation_table(found: Sequence[Ablated]) -> Table:
    """All of one network, beside its reference.

    Raises
    ------
    ValueError
        Without the reference.
    """
    names = {each.ablation: each for each in found}
    if "reference" not in names:
        raise ValueError(f"ablations must have the reference, not only {', '.join(names)}")
    reference = names["reference"]
    rows = []
    for each in found:
        asked, counters = ABLATIONS[each.ablation], each.counters
        moved = each.build.engines * (counters["BYTES_READ"] + counters["BYTES_WRITTEN"])
        rows.append(
            (
                asked.group,
                asked.title,
                f"{1e3 * each.seconds:,.2f} (A)",
                f"{each.seconds / reference.seconds:.2f}",
                f"{counters['BUSY'] / counters['CYCLES']:.0%}",
                f"{moved / 1e9 * each.samples_ratio:.2f}",
            )
        )
    head = ("of", "what is changed", "ms per step", "times the reference", "busy", "GB per step")
    title = f"{published(reference.network).title}: one thing changed at a time, 4,096 elements"
    return Table(title=title, head=head, rows=rows, texts=2)


def ladder_table(found: Sequence[Ablated]) -> Table:
    """What formats bring, from all in MX9 to all steps taken, and which share of the gain each step has.

    Raises
    ------
    ValueError
        Without one of `LADDER`.
    """
    names = {each.ablation: each for each in found}
    if missing := [name for name in LADDER if name not in names]:
        raise ValueError(f"ablations must have all of {', '.join(LADDER)}: {', '.join(missing)} missing")
    steps = [names[name] for name in LADDER]
    gained = steps[0].seconds - steps[-1].seconds
    rows = [(_STEPS[0], f"{1e3 * steps[0].seconds:,.2f} (A)", "", "")]
    for what, (before, after) in zip(_STEPS[1:], pairwise(steps), strict=True):
        saved = before.seconds - after.seconds
        ms = f"{1e3 * after.seconds:,.2f} (A)"
        rows.append((what, ms, f"{before.seconds / after.seconds:.2f}", f"{round(100 * saved / gained)}%"))
    rows.append(("all of it", "", f"{steps[0].seconds / steps[-1].seconds:.2f}", "100%"))
    head = ("step", "ms per step", "times as fast", "share of the time saved")
    return Table(
        title=f"{published(steps[0].network).title}: which share of the gain each step brings",
        head=head,
        rows=rows,
    )


_STEPS = (
    "all in MX9",
    "weights in MX6",
    "activations of 5% of the channels and 20% of the heads in MX9, the others in MX6",
    "channels permuted, so that those 5% are whole blocks",
    "of those heads P alone in MX9",
)
"""Of `LADDER`."""
