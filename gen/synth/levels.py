"""The longest chains of logic between registers, and at the ports, in levels.

A level is a look-up table, a whole carry chain, a multiplier, or a memory of look-up tables that is read.
Cells wired to each other in one place are one level: a wide multiplexer with the look-up tables whose outputs
it joins (but not with what drives its select input), and on AMD's families a carry chain with the look-up
tables in front of it. So levels are how often a signal leaves for the device's routing and enters
logic again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import groupby

from gen.synth.cells import Kind
from gen.synth.errors import SynthesisError
from gen.synth.nets import Logic, Nets

__all__ = ["Chain", "Levels", "Step", "longest_chains"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """Cells that a chain goes through one after the other.

    Parameters
    ----------
    cell:
        Their type.
    number:
        How many: more than one for the cells of a carry chain.
    signal:
        Name in the design of what the last one drives; None if it has none.
    """

    cell: str
    number: int
    signal: str | None

    def __str__(self) -> str:
        count = f"{self.number} x " if self.number > 1 else ""
        return f"{count}{self.cell}" + (f" ({self.signal})" if self.signal else "")


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A way from a register or input to a register or output.

    Parameters
    ----------
    levels:
        Levels of logic on it.
    start, end:
        Where it begins and ends, by names of the design; with the pin, if that is not a register's data.
    steps:
        The cells between.
    """

    levels: int
    start: str
    end: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return " -> ".join([self.start, *map(str, self.steps), self.end])


@dataclass(frozen=True, kw_only=True)
class Levels:
    """The longest chain of each kind; None where there is none.

    Parameters
    ----------
    registers:
        From a register to a register. Memories and multipliers with registers in them are registers, too.
    inputs:
        From an input of the design to a register.
    outputs:
        From a register to an output.
    through:
        From an input to an output.
    """

    registers: Chain | None
    inputs: Chain | None
    outputs: Chain | None
    through: Chain | None


def longest_chains(nets: Nets) -> Levels:
    """The longest chains of a netlist; of several that are equally long, one with most cells.

    Raises ``SynthesisError`` for a loop of logic without a register, with the signals on it.
    """
    order = _in_order(nets)
    registers = _Search(nets, order, nets.starts)
    inputs = _Search(nets, order, dict.fromkeys(nets.inputs, 0))
    return Levels(
        registers=registers.to_register(),
        inputs=inputs.to_register(),
        outputs=registers.to_output(),
        through=inputs.to_output(),
    )


def _in_order(nets: Nets) -> list[Logic]:
    """All logic, each after what drives its inputs."""
    drivers: dict[int, list[Logic]] = {}
    for logic in nets.logic:
        for net in logic.outputs:
            drivers.setdefault(net, []).append(logic)
    graph = {logic: [d for net, _ in logic.inputs for d in drivers.get(net, ())] for logic in nets.logic}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        loop = " -> ".join(nets.name(logic.outputs[0]) for logic in error.args[1])
        raise SynthesisError(f"logic in a loop without a register: {loop}") from error


class _Search:
    """Levels from ``starts``, nets with the levels that are passed there, to all that they reach."""

    def __init__(self, nets: Nets, order: Iterable[Logic], starts: Mapping[int, int]):
        self._nets = nets
        self._starts = starts
        self._depth = {net: (levels, 0) for net, levels in starts.items()}  # levels, cells
        self._from: dict[int, tuple[Logic, int]] = {}
        for logic in order:
            self._pass(logic)

    def _pass(self, logic: Logic) -> None:
        reached = [(*self._depth[net], cost, net) for net, cost in logic.inputs if net in self._depth]
        if not reached:
            return
        levels, cells, cost, source = max(reached, key=lambda r: (r[0] + r[2], r[1]))
        depth = (levels + cost, cells + 1)
        for net in logic.outputs:
            if depth > self._depth.get(net, (-1, 0)):
                self._depth[net] = depth
                self._from[net] = (logic, source)

    def to_register(self) -> Chain | None:
        """The longest chain that ends in a register."""
        ends = [end for end in self._nets.ends if end[0] in self._depth]
        if not ends:
            return None
        net, pin, cost = max(ends, key=lambda end: self._add(self._depth[end[0]], end[2]))
        return self._chain(net, self._nets.pin_name(pin), cost)

    def to_output(self) -> Chain | None:
        """The longest chain that ends in an output of the design."""
        outputs = [net for net in self._nets.outputs if net in self._depth]
        if not outputs:
            return None
        net = max(outputs, key=self._depth.__getitem__)
        return self._chain(net, self._nets.outputs[net], 0)

    @staticmethod
    def _add(depth: tuple[int, int], cost: int) -> tuple[int, int]:
        return depth[0] + cost, depth[1]

    def _chain(self, net: int, end: str, cost: int) -> Chain:
        passed: list[tuple[Logic, int]] = []
        levels = self._depth[net][0] + cost
        while net in self._from:
            logic, source = self._from[net]
            passed.append((logic, net))
            net = source
        start = self._nets.inputs.get(net) if self._starts is not self._nets.starts else None
        return Chain(
            levels=levels,
            start=start or self._nets.start_name(net),
            end=end,
            steps=tuple(self._steps(reversed(passed))),
        )

    def _steps(self, passed: Iterable[tuple[Logic, int]]) -> Iterator[Step]:
        """The cells of a way, those of a carry chain in one."""

        def chain(step: tuple[int, tuple[Logic, int]]) -> object:
            number, (logic, _) = step
            return Kind.CARRY if self._nets.cells[logic.kind].kind is Kind.CARRY else number

        for _, group in groupby(enumerate(passed), chain):
            steps = [step for _, step in group]
            logic, net = steps[-1]
            yield Step(cell=logic.kind, number=len(steps), signal=self._nets.names.get(net))
