"""One thing at a time left out or changed, and what a step takes then."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from gen.files import write_text
from golden import MX6, MX9
from mixdit.compiler.program import Program
from perf.speedup.blocks import NETWORKS
from perf.speedup.builds import BUILDS, REFERENCE, Build
from perf.speedup.mixes import MIXES, Mix
from perf.speedup.row_conversion import with_row_conversion
from perf.speedup.step_time import step_counters
from perf.workloads.models import published

__all__ = [
    "ABLATIONS",
    "ABLATIONS_FILE",
    "LADDER",
    "Ablated",
    "Ablation",
    "ablate",
    "read_ablations",
    "write_ablations",
]

ABLATIONS_FILE = Path(__file__).with_name("ablations.json")


def _same(program: Program) -> Program:
    return program


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """What differs from mixed precision on the build `REFERENCE`.

    Parameters
    ----------
    group, title:
        For tables.
    mix:
        Formats.
    changes:
        Engines, and parameters of each.
    bytes_per_second:
        Of memory.
    samples:
        In a step; None for as many as the network has.
    prepare:
        What becomes of an engine's jobs.
    """

    group: str
    title: str
    mix: Mix = MIXES["mixed"]
    changes: Mapping[str, int] = field(default_factory=dict)
    bytes_per_second: float = BUILDS[REFERENCE].bytes_per_second
    samples: int | None = None
    prepare: Callable[[Program], Program] = _same

    @property
    def build(self) -> Build:
        """The engines."""
        return replace(BUILDS[REFERENCE].changed(self.changes), bytes_per_second=self.bytes_per_second)


def _shape(engines: int, **sizes: int) -> Ablation:
    rows, cols, arrays = sizes["rows"], sizes["cols"], sizes["arrays"]
    title = f"{engines} engines of {arrays} {'array' if arrays == 1 else 'arrays'} of {rows}x{cols}"
    return Ablation(group="array shape", title=title, changes={"engines": engines, **sizes})


_MIXED = MIXES["mixed"]

ABLATIONS: Mapping[str, Ablation] = {
    "reference": Ablation(group="", title="mixed precision, 16 engines of two arrays of 16x8"),
    "mx9": Ablation(group="formats", title="all in MX9", mix=MIXES["MX9"]),
    "mx6-weights": Ablation(
        group="formats", title="weights in MX6, all else in MX9", mix=Mix(title="", weight=MX6, low=MX9)
    ),
    "unordered": Ablation(
        group="formats",
        title="mixed, channels not permuted: every block with one of the 5% in MX9",
        mix=replace(_MIXED, ordered=False),
    ),
    "mixed-p": Ablation(group="formats", title="mixed, P alone of heads in MX9", mix=MIXES["mixed-p"]),
    "mx6": Ablation(group="formats", title="all in MX6", mix=MIXES["MX6"]),
    "converter": Ablation(
        group="converter",
        title="results leave as floats, a row job makes blocks",
        prepare=with_row_conversion,
    ),
    **{
        f"drain-{rows}": Ablation(
            group="drain width",
            title=f"{16 // rows} of 16 rows leave an array per cycle",
            changes={"drain_rows": rows},
        )
        for rows in (1, 2, 8, 16)
    },
    **{
        f"words-{words}": Ablation(
            group="result width",
            title=f"{words} results per cycle and array",
            changes={"result_words": words},
        )
        for words in (4, 8)
    },
    "shape-8x8": _shape(16, rows=8, cols=8, arrays=4),
    "shape-16x8": _shape(32, rows=16, cols=8, arrays=1),
    "shape-16x8x4": _shape(8, rows=16, cols=8, arrays=4),
    "shape-32x8": _shape(16, rows=32, cols=8, arrays=1),
    "shape-16x16": _shape(16, rows=16, cols=16, arrays=1),
    **{
        f"tiles-{tiles}": Ablation(
            group="buffers",
            title=f"{tiles} stationary tiles instead of 128",
            changes={"stationary_tiles": tiles},
        )
        for tiles in (8, 32, 255)
    },
    **{
        f"memory-{rate}": Ablation(
            group="memory", title=f"memory of {rate:,} GB/s instead of 936", bytes_per_second=rate * 10**9
        )
        for rate in (468, 1024)
    },
    **{
        f"batch-{samples}": Ablation(
            group="batch",
            title=f"{samples} sample{'s' * (samples > 1)} in a step, time for two",
            samples=samples,
        )
        for samples in (1, 4, 8)
    },
}
"""By name. In the reference 4 rows of 16 leave an array per cycle, 16 results of them, of two samples."""

LADDER = ("mx9", "mx6-weights", "unordered", "reference", "mixed-p")
"""From nothing mixed to all of it: what each step brings."""


@dataclass(frozen=True, kw_only=True)
class Ablated:
    """The counters of the engine that has most to do, of a step of a network with one `ABLATIONS`."""

    network: str
    ablation: str
    counters: Mapping[str, int]

    @property
    def build(self) -> Build:
        """The engines."""
        return ABLATIONS[self.ablation].build

    @property
    def samples_ratio(self) -> float:
        """The network's samples in a step, over those that were run."""
        had = published(self.network).image.batch
        return had / (ABLATIONS[self.ablation].samples or had)

    @property
    def seconds(self) -> float:
        """Of a step, for as many samples as the network has."""
        return self.samples_ratio * self.counters["CYCLES"] / (self.build.clock_mhz * 1e6)


def ablate(network: str, name: str) -> Ablated:
    """Run one. Raises ValueError for a network or a name that there is not."""
    if name not in ABLATIONS:
        raise ValueError(f"ablation must be one of {', '.join(ABLATIONS)}, not {name!r}")
    asked = ABLATIONS[name]
    counters = step_counters(network, asked.mix, asked.build, asked.prepare, asked.samples)
    return Ablated(network=network, ablation=name, counters=counters)


def read_ablations(path: Path = ABLATIONS_FILE) -> list[Ablated]:
    """Those that were published."""
    return [Ablated(**each) for each in json.loads(path.read_text())]


def write_ablations(found: Iterable[Ablated], path: Path = ABLATIONS_FILE) -> None:
    """Keep what was counted, in the order of `ABLATIONS` where networks are the same."""
    found = sorted(
        found, key=lambda each: (NETWORKS.index(each.network), list(ABLATIONS).index(each.ablation))
    )
    figures = [{"network": a.network, "ablation": a.ablation, "counters": dict(a.counters)} for a in found]
    write_text(path, json.dumps(figures, indent=1) + "\n")
