"""Speed of the simulated array beside that of another commit, in turns.

Run ``python -m perf.speed.compare_sim COMMIT``: the tree of that commit goes to ``build/trees``, and its own
``bench_sim`` runs there. A ratio above 1 says that this tree simulates faster.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parents[2]
TREES = Path("build/trees")
ROUNDS = 3


def tree_of(commit: str, folder: Path) -> Path:
    """The tree of ``commit`` in a folder of its own; raises ``ValueError`` where git does not have it."""
    found = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"],
        cwd=HERE,
        capture_output=True,
        text=True,
    )
    if found.returncode:
        raise ValueError(f"commit must be one that git has here, not {commit!r}")
    name = found.stdout.strip()
    tree = folder.resolve() / name
    if not tree.exists():
        archive = subprocess.run(["git", "archive", name], cwd=HERE, capture_output=True, check=True)
        unpacked = tree.with_suffix(".new")
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(unpacked, filter="data")
        unpacked.rename(tree)
    return tree


def measured(tree: Path) -> dict[str, dict[str, Any]]:
    """What ``bench_sim`` prints in ``tree``, by product."""
    run = subprocess.run(
        [sys.executable, "-m", "perf.speed.bench_sim", "--json"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        stdout=subprocess.PIPE,
        text=True,
    )
    if run.returncode:
        raise ValueError(f"bench_sim failed in {tree}")
    return {product["product"]: product for product in json.loads(run.stdout)["products"]}


def compared(there: Path, here: Path, rounds: int) -> list[dict[str, Any]]:
    """Of each product that both have: MACs per second of processor time, the best of ``rounds`` each."""
    best: tuple[dict[str, float], dict[str, float]] = ({}, {})
    for _ in range(rounds):
        for tree, so_far in zip((there, here), best, strict=True):
            for name, product in measured(tree).items():
                so_far[name] = max(so_far.get(name, 0.0), product["macs_per_cpu_second"])
    return [
        {
            "product": name,
            "there": best[0][name],
            "here": best[1][name],
            "ratio": best[1][name] / best[0][name],
        }
        for name in best[1]
        if name in best[0]
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit", help="what to compare with, as git names it")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="runs of each")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    try:
        rows = compared(tree_of(options.commit, TREES), HERE, options.rounds)
    except ValueError as error:
        sys.exit(f"compare_sim: {error}")
    if options.json:
        print(json.dumps({"commit": options.commit, "products": rows}))
        return
    table = Table("product", f"{options.commit}, M MAC/CPU-s", "this tree", "ratio", title="simulated array")
    for row in rows:
        table.add_row(
            row["product"], f"{row['there'] / 1e6:.1f}", f"{row['here'] / 1e6:.1f}", f"{row['ratio']:.2f}"
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
