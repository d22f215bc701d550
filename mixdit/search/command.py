"""``mixdit search``."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from gen.files import csv_text, write_text
from golden.formats import FORMATS
from mixdit.calibration.costs import PASSES, find_price, unit_of
from mixdit.calibration.options import Changes, Cost, named_values
from mixdit.calibration.settings import Heads
from mixdit.require import require
from mixdit.search.chart import draw_front

if TYPE_CHECKING:
    from mixdit.search.front import FrontPlan

__all__ = ["command"]

_FormatName = Literal[*FORMATS]


def command(
    source: Annotated[
        str,
        typer.Argument(help="Folder that mixdit calibrate --choice sensitivity wrote, or a digits model."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")] = Path("build/front"),
    points: Annotated[int, typer.Option(min=2, max=99, help="Latencies to plan for.")] = 12,
    linear_share: Annotated[
        float, typer.Option(min=0, max=1, help="Most of the linear layers' activations in MX9.")
    ] = 0.05,
    attention_share: Annotated[
        float, typer.Option(min=0, max=1, help="Most of the attention's operands in MX9.")
    ] = 0.20,
    heads: Annotated[Heads, typer.Option(help="Choose whole heads, or each q, k, p and v.")] = "operands",
    weight: Annotated[_FormatName, typer.Option(help="Format of the weights.")] = "MX6",
    exchanges: Annotated[
        int, typer.Option(min=0, help="Rounds of a search for better blocks of channels, for each plan.")
    ] = 0,
    timestep_groups: Annotated[int, typer.Option(min=1, help="Ranges of timesteps, each with a plan.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Seed of exchanges.")] = 0,
    cost: Cost = PASSES,
    changes: Changes = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Plan a model for several latencies: quality against the time of the array."""
    require("torch", "safetensors", "sklearn", "scipy", "matplotlib")
    from mixdit.calibration.settings import Settings
    from mixdit.layers.balanced import plan_of_balanced
    from mixdit.search.front import search_front
    from mixdit.search.source import find_statistics

    try:
        price = find_price(cost, named_values(changes or []))
        found = find_statistics(source)
        settings = Settings(
            linear_share=linear_share,
            attention_share=attention_share,
            weight=FORMATS[weight],
            low=found.low,
            high=found.high,
            choice="sensitivity",
            heads=heads,
            exchanges=exchanges,
            timestep_groups=timestep_groups,
            seed=seed,
        )
        front = search_front(found.statistics, settings, points, price)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    front = [replace(each, plan=plan_of_balanced(each.plan, found.balanced)) for each in front]
    rows = _write(front, unit_of(cost), output)
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        _print_table(rows, unit_of(cost), output)


def _write(front: "list[FrontPlan]", unit: str, output: Path) -> list[dict[str, Any]]:
    """Write the plans in place of those of an earlier search, and tables and a picture of them."""
    from mixdit.plan.plan_file import save_plan

    output.mkdir(parents=True, exist_ok=True)
    for old in output.glob("plan-[0-9][0-9].json"):
        old.unlink()
    rows: list[dict[str, Any]] = []
    for number, each in enumerate(front):
        path = output / f"plan-{number:02d}.json"
        save_plan(each.plan, path)
        rows.append(
            {
                "plan": str(path),
                "latency": each.latency,
                "sqnr_db": each.sqnr_db,
                "mx9_linear": each.plan.mx9_linear,
                "mx9_attention": each.plan.mx9_attention,
                "cost": unit,
            }
        )
    write_text(output / "front.json", json.dumps(rows, indent=2) + "\n")
    write_text(output / "front.csv", csv_text(rows))
    draw_front(rows, unit, output / "front.png")
    return rows


def _print_table(rows: list[dict[str, Any]], unit: str, output: Path) -> None:
    table = Table(title="plans by latency", box=None, pad_edge=False)
    table.add_column("plan", no_wrap=True)
    for name in ("latency", "SQNR", "MX9 linear", "MX9 attention"):
        table.add_column(name, justify="right")
    for row in rows:
        shares = (f"{row[name]:.1%}" for name in ("mx9_linear", "mx9_attention"))
        table.add_row(Path(row["plan"]).name, f"{row['latency']:.4f}", f"{row['sqnr_db']:.2f}", *shares)
    console = Console()
    console.print(table)
    console.print(LEGEND.format(unit=unit), highlight=False, soft_wrap=True)
    console.print(f"plans in {output}/", highlight=False, soft_wrap=True)


LEGEND = """\
latency  {unit} for all planned layers, times those with all activations in MX6
SQNR     of the model's output in dB, estimated from the calibration, without the error of weights"""
