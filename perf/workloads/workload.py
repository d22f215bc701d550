"""Everything that one call of a network does."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from perf.workloads.operation import KINDS, Operation, Product

__all__ = ["Group", "OtherGroup", "Workload"]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Calls with one kind and one product, which layers that differ in a number only make.

    Parameters
    ----------
    kind, product:
        Of each call.
    layers:
        Their layers without numbers, sorted.
    calls:
        How many.
    """

    kind: str
    product: Product
    layers: tuple[str, ...]
    calls: int


@dataclass(frozen=True, kw_only=True)
class OtherGroup:
    """Calls of one operator without a product, of one size, which layers that differ in a number only make.

    Parameters
    ----------
    kind, operator:
        Of each call.
    layer:
        Its layer without numbers.
    elements, bytes_moved:
        Of each call: elements written, and bytes read and written.
    calls:
        How many.
    """

    kind: str
    operator: str
    layer: str
    elements: int
    bytes_moved: int
    calls: int


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One call of a network.

    Parameters
    ----------
    name:
        What it is.
    parameters:
        Of the network, each once.
    weights:
        Elements of the distinct weights that products read.
    bytes_given:
        Of inputs and outputs.
    operations:
        Every operation, in order.
    """

    name: str
    parameters: int
    weights: int
    bytes_given: int
    operations: Sequence[Operation]

    @property
    def flops(self) -> int:
        """Operations of all products, two for each multiplication with addition."""
        return sum(operation.flops for operation in self.operations)

    @property
    def attention_flops(self) -> int:
        """The part of ``flops`` in attention's two products."""
        return sum(operation.flops for operation in self.operations if operation.in_attention)

    @property
    def products(self) -> list[Operation]:
        """Operations with a product."""
        return [operation for operation in self.operations if operation.product]

    @property
    def unknown(self) -> dict[str, int]:
        """Calls by operator of those in no list; ``extract`` refuses them unless it is told not to."""
        return dict(Counter(op.operator for op in self.operations if op.kind == "unknown"))

    def by_kind(self) -> dict[str, tuple[int, int, int, int]]:
        """Calls, FLOPs, elements written and bytes moved, by kind, in the order of ``KINDS``."""
        found = {}
        for kind in KINDS:
            of_kind = [operation for operation in self.operations if operation.kind == kind]
            if of_kind:
                found[kind] = (
                    len(of_kind),
                    sum(operation.flops for operation in of_kind),
                    sum(operation.elements for operation in of_kind),
                    sum(operation.bytes_moved for operation in of_kind),
                )
        return found

    def groups(self) -> list[Group]:
        """The products, those of one shape together, in the order of their first calls."""
        calls: Counter[tuple[str, Product]] = Counter()
        layers: dict[tuple[str, Product], set[str]] = {}
        for operation in self.products:
            assert operation.product
            key = operation.kind, operation.product
            calls[key] += 1
            layers.setdefault(key, set()).add(_without_numbers(operation.layer))
        return [
            Group(kind=kind, product=product, layers=tuple(sorted(layers[kind, product])), calls=count)
            for (kind, product), count in calls.items()
        ]

    def others(self) -> list[OtherGroup]:
        """The operations without a product, those of one size together, in the order of their first calls."""
        calls = Counter(
            (op.kind, op.operator, _without_numbers(op.layer), op.elements, op.bytes_moved)
            for op in self.operations
            if not op.product
        )
        return [
            OtherGroup(
                kind=kind, operator=name, layer=layer, elements=elements, bytes_moved=moved, calls=count
            )
            for (kind, name, layer, elements, moved), count in calls.items()
        ]


def _without_numbers(layer: str) -> str:
    return ".".join(word for word in layer.split(".") if not word.isdigit())
