"""A bench as registers and their next values."""

from dataclasses import dataclass, field
from pathlib import Path

from gen.store import stored
from gen.synth.tools import YOSYS
from gen.verilog import to_verilog
from mixdit.sim.build_cache import build_root
from verif.formal.prover.bench import Bench

__all__ = ["Node", "TransitionSystem", "transition_system"]

_SCRIPT = """\
read_verilog -sv design.v
hierarchy -check -top bench
proc -norom; flatten; memory_collect; memory_nordff; setundef -undriven -anyseq; dffunmap; check -assert
write_btor design.btor
"""
"""Nothing is optimized: no net loses its name, and there is less to trust."""


@dataclass(frozen=True)
class Node:
    """A line of BTOR2 (Niemetz et al., CAV 2018): an operator, its sort, its operands, numbers or digits."""

    op: str
    sort: int
    operands: tuple[int, ...] = ()
    numbers: tuple[int, ...] = ()
    digits: str = ""


@dataclass(frozen=True)
class TransitionSystem:
    """What Yosys made of a bench.

    Parameters
    ----------
    sorts:
        Bits of a vector, or the sorts of an array's indices and elements, by number.
    nodes:
        Every node by its number, those before it being its operands, but for what `next` says.
    next:
        For each state the node that it has in the next cycle.
    inputs, outputs, nets:
        Nodes by name: inputs and outputs of the bench, and every net with a name.
    probes:
        As ``Bench.nets``.
    cuts:
        States that may hold anything in every cycle.
    """

    sorts: dict[int, int | tuple[int, int]] = field(default_factory=dict)
    nodes: dict[int, Node] = field(default_factory=dict)
    next: dict[int, int] = field(default_factory=dict)
    inputs: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, int] = field(default_factory=dict)
    nets: dict[str, int] = field(default_factory=dict)
    probes: dict[str, str | tuple[str, str]] = field(default_factory=dict)
    cuts: set[int] = field(default_factory=set)


def transition_system(bench: Bench, *, models="") -> TransitionSystem:
    """``bench``, exported as Verilog; ``models`` is Verilog of cells that it is made of."""
    verilog = to_verilog(bench, "bench") + models

    def run(folder: Path) -> None:
        (folder / "design.v").write_text(verilog)
        (folder / "bench.ys").write_text(_SCRIPT)
        YOSYS.run(["-q", "bench.ys"], folder)

    folder = stored(
        build_root() / "formal", "bench", [YOSYS.identity, _SCRIPT, verilog], run, keep=_KEPT_BENCHES
    )
    system = _parsed((folder / "design.btor").read_text(), bench.nets)
    for net in bench.cuts:
        number = system.nets[net]
        assert system.nodes[number].op == "state", f"{net} is no register"
        system.cuts.add(number)
    return system


_KEPT_BENCHES = 500


def _parsed(text: str, probes) -> TransitionSystem:
    """The transition system of a text in BTOR2."""
    system = TransitionSystem(probes=dict(probes))
    for line in text.splitlines():
        words = line.partition(";")[0].split()
        if words:
            _read(system, int(words[0]), words[1], words[2:])
    return system


def _read(system, number, op, words):
    """Add a line to ``system``."""
    if op == "sort":
        sizes = [int(word) for word in words[1:]]
        system.sorts[number] = sizes[0] if words[0] == "bitvec" else tuple(sizes)
    elif op == "output":
        system.outputs[words[1]] = int(words[0])
    elif op == "next":
        system.next[int(words[1])] = int(words[2])
    elif op == "init":
        pass  # a register may have any value before the reset
    elif op in ("const", "constd", "consth", "one", "ones", "zero"):
        system.nodes[number] = Node(op, int(words[0]), digits="".join(words[1:2]))
    elif op in ("input", "state"):
        system.nodes[number] = Node(op, int(words[0]))
        if len(words) > 1:
            system.nets[words[1]] = number
            if op == "input":
                system.inputs[words[1]] = number
    else:
        arguments = [int(word) for word in words if word.lstrip("-").isdecimal()]
        sort, arguments = arguments[0], arguments[1:]
        count = {"sext": 1, "uext": 1, "slice": 1}.get(op, len(arguments))
        system.nodes[number] = Node(op, sort, tuple(arguments[:count]), tuple(arguments[count:]))
        if op == "uext" and arguments[1] == 0 and not words[-1].isdecimal():
            system.nets[words[-1]] = number
