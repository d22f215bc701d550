"""What ``mixdit demo`` prints."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from golden.formats import BLOCK_SIZE
from mixdit.demo.figures import EngineFigures
from mixdit.demo.on_array import Classified
from mixdit.demo.on_engine import IMAGES, PARAMETERS
from mixdit.demo.plan import MX9_SHARE
from mixdit.demo.transformer import LAYERS

__all__ = ["print_array", "print_engine"]


def print_array(console: Console, found: Classified, rows: int, cols: int, picture: Path) -> None:
    """The first part's table, and what its columns mean."""
    title = f"{len(found.digits.labels)} held-out digits on a simulated {rows}x{cols} array"
    table = _table(title, "accuracy", "agreement", "SNR", "bits", "cycles", "mismatches")
    table.add_row("float64", f"{found.accuracy:.2%}", end_section=True)
    for f in found.figures:
        table.add_row(
            f.plan,
            f"{f.accuracy:.2%}",
            f"{f.agreement:.2%}",
            f"{f.snr_db:.1f} dB",
            f"{f.bits:.2f}",
            f"{f.cycles:,}",
            str(f.mismatches),
        )
    busy = min(f.utilization for f in found.figures)
    console.print(table)
    _explain(
        console,
        {
            "+ MX9": f"activations of the {BLOCK_SIZE} channels with the largest products in MX9",
            "agreement": "same digit as in float64",
            "SNR": "of the last layer's outputs, against float64",
            "bits": "of storage per activation or weight",
            "cycles": f"from first pass to last, every PE is busy in {busy:.1%} of them",
            "mismatches": f"of {found.figures[0].outputs:,} outputs with the golden model, in any bit",
            "picture": str(picture),
        },
    )


def print_engine(console: Console, figures: Sequence[EngineFigures]) -> None:
    """The second part's table, and what its columns mean."""
    engine = f"{PARAMETERS.rows}x{PARAMETERS.cols} engine"
    channels = f"{MX9_SHARE:.0%} of the channels"
    title = f"{len(LAYERS)} linear layers of a transformer block on a simulated {engine}"
    table = _table(title, "SNR", "memory", "cycles", "PEs busy", "mismatches")
    for f in figures:
        table.add_row(
            f.plan,
            f"{f.snr_db:.1f} dB",
            f"{(f.bytes_read + f.bytes_written) / 1e6:.2f} MB",
            f"{f.cycles:,}",
            f"{f.utilization:.1%}",
            str(f.mismatches),
        )
    console.print(table)
    _explain(
        console,
        {
            "+ MX9": f"activations of {channels}, rounded up to blocks of {BLOCK_SIZE}, in MX9",
            "block": f"the first of the digits diffusion transformer, on {IMAGES} noisy digits",
            "SNR": "of what the block adds to its tokens, against float64",
            "memory": "read and written by the engine",
            "mismatches": f"of {figures[0].outputs:,} outputs with the golden model, in any bit",
        },
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title)
    table.add_column("format")
    for name in columns:
        table.add_column(name, justify="right")
    return table


def _explain(console: Console, lines: dict[str, str]) -> None:
    for name, text in lines.items():
        console.print(f"{name:<12}{text}", highlight=False, soft_wrap=True)
