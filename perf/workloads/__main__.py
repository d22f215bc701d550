"""``python -m perf.workloads``: what published networks do in a step and for an image."""

import argparse
import json
from dataclasses import asdict
from typing import Any

from perf.workloads.models import MODELS, PublishedModel, published
from perf.workloads.page import publish
from perf.workloads.tables import operations_table, outside_table, products_table, summary
from perf.workloads.workload import Workload

__all__ = ["document"]

_NOTE = """\
Two FLOPs for each multiplication with addition; a step is of two samples, with the condition and without.
Text encoders and VAE decoder are not in these figures:"""


def document(models: dict[str, PublishedModel]) -> str:
    """The summary of ``models`` and what stands outside their steps."""
    return f"{summary(models)}\n{_NOTE}\n\n{outside_table(models)}"


def figures(workload: Workload) -> dict[str, Any]:
    """``workload`` for JSON: totals, products by shape, other operations by size, all by kind."""
    names = ("calls", "flops", "elements", "bytes_moved")
    return {
        "name": workload.name,
        "parameters": workload.parameters,
        "weights": workload.weights,
        "flops": workload.flops,
        "attention_flops": workload.attention_flops,
        "products": [{**asdict(group), "macs": group.product.macs} for group in workload.groups()],
        "others": [asdict(group) for group in workload.others()],
        "kinds": {kind: dict(zip(names, of, strict=True)) for kind, of in workload.by_kind().items()},
    }


def main() -> None:
    """Print tables, or write the summary into the documentation."""
    parser = argparse.ArgumentParser(prog="python -m perf.workloads", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument(
        "--model", action="append", choices=MODELS, help="all products of this network; may be repeated"
    )
    parser.add_argument("--publish", action="store_true", help="also renew the tables of docs/performance.md")
    options = parser.parse_args()
    if options.publish and options.model:
        parser.error("--publish is for all networks: leave --model out")
    models = {name: published(name) for name in options.model or MODELS}
    text = document(models)
    if options.json:
        found = {
            name: {
                "title": model.title,
                "source": model.source,
                "image": {**asdict(model.image), "flops_with_outside": model.image_flops},
                "step": figures(model.step),
                "outside": {part: figures(workload) for part, workload in model.outside.items()},
            }
            for name, model in models.items()
        }
        print(json.dumps(found, indent=2))
    else:
        print(text)
        for model in models.values() if options.model else ():
            print(f"{model.title}, a step ({model.source})\n")
            print(f"{products_table(model.step)}\n{operations_table(model.step)}")
    if options.publish:
        publish("workloads", text)


if __name__ == "__main__":
    main()
