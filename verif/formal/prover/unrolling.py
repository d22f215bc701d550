"""A transition system as terms of the solver, cycle by cycle."""

from difflib import get_close_matches

from bitwuzla import Kind, Term, TermManager

from verif.formal.prover.bench import INSIDE, RIGID, WORD
from verif.formal.prover.transition_system import Node, TransitionSystem

__all__ = ["Unrolling"]

_OPERATORS = {
    "add": Kind.BV_ADD,
    "and": Kind.BV_AND,
    "concat": Kind.BV_CONCAT,
    "mul": Kind.BV_MUL,
    "nand": Kind.BV_NAND,
    "neg": Kind.BV_NEG,
    "nor": Kind.BV_NOR,
    "not": Kind.BV_NOT,
    "or": Kind.BV_OR,
    "read": Kind.ARRAY_SELECT,
    "redand": Kind.BV_REDAND,
    "redor": Kind.BV_REDOR,
    "redxor": Kind.BV_REDXOR,
    "sdiv": Kind.BV_SDIV,
    "sll": Kind.BV_SHL,
    "smod": Kind.BV_SMOD,
    "sra": Kind.BV_ASHR,
    "srem": Kind.BV_SREM,
    "srl": Kind.BV_SHR,
    "sub": Kind.BV_SUB,
    "udiv": Kind.BV_UDIV,
    "urem": Kind.BV_UREM,
    "write": Kind.ARRAY_STORE,
    "xnor": Kind.BV_XNOR,
    "xor": Kind.BV_XOR,
}
"""Operators of BTOR2 that give a vector or an array."""

_COMPARISONS = {
    "eq": Kind.EQUAL,
    "iff": Kind.EQUAL,
    "neq": Kind.DISTINCT,
    "sgt": Kind.BV_SGT,
    "sgte": Kind.BV_SGE,
    "slt": Kind.BV_SLT,
    "slte": Kind.BV_SLE,
    "ugt": Kind.BV_UGT,
    "ugte": Kind.BV_UGE,
    "ult": Kind.BV_ULT,
    "ulte": Kind.BV_ULE,
}
"""Operators that give a truth value, in BTOR2 a bit."""


class Unrolling:
    """Values of nodes in each cycle, as terms of what the inputs are and what registers held in cycle 0.

    Registers and memories may hold anything in cycle 0.

    Parameters
    ----------
    terms:
        Makes the terms.
    system:
        What is unrolled.
    """

    def __init__(self, terms: TermManager, system: TransitionSystem):
        self._terms = terms
        self._system = system
        self._cycles: list[dict[int, Term]] = []
        self._rigid: dict[int, Term] = {}
        self._names = {number: name for name, number in system.inputs.items()}

    def output(self, name: str, cycle: int) -> Term:
        """The truth of an output of one bit."""
        return self._truth(self._value(self._system.outputs[name], cycle))

    def reset(self, cycle: int) -> Term | None:
        """The truth of the bench's reset; None for a bench without registers."""
        number = self._system.inputs.get("rst")
        return None if number is None else self._truth(self._value(number, cycle))

    def input(self, name: str, cycle: int) -> Term:
        """The value of an input."""
        return self._value(self._system.inputs[name], cycle)

    def _truth(self, bit):
        return self._terms.mk_term(Kind.EQUAL, [bit, self._terms.mk_bv_one(bit.sort())])

    def _value(self, number, cycle):
        """The term of a node; operands first, without recursion, for nets are deep."""
        while len(self._cycles) <= cycle:
            self._cycles.append({})
        waiting = [(number, cycle)]
        while waiting:
            at, when = waiting[-1]
            known = self._cycles[when]
            if at in known:
                waiting.pop()
                continue
            needs = [need for need in self._needs(at, when) if need[0] not in self._cycles[need[1]]]
            if needs:
                waiting += needs
                assert len(waiting) < 10_000_000, f"{self._names.get(at, at)} depends on itself"
                continue
            known[at] = self._made(at, when)
            waiting.pop()
        return self._cycles[cycle][number]

    def _needs(self, number, cycle):
        """Nodes that a node's value is made of, each with its cycle."""
        node = self._system.nodes[number]
        if number in self._system.cuts:
            return []
        if node.op == "state":
            return [(self._system.next[number], cycle - 1)] if cycle and number in self._system.next else []
        if node.op == "input":
            return [(source, cycle) for source in self._shown(number)]
        return [(operand, cycle) for operand in node.operands]

    def _shown(self, number):
        """What an input shows that is not free: a net, or a memory and an address."""
        name = self._names.get(number, "")
        if name.startswith(INSIDE):
            return [self._net(self._system.probes[name])]
        if name.startswith(WORD):
            memory, address = self._system.probes[name]
            return [self._net(memory), self._system.outputs[address]]
        return []

    def _net(self, name):
        if name not in self._system.nets:
            alike = get_close_matches(name, self._system.nets, 8, 0)
            raise LookupError(f"no net {name!r}; there are, for example, {', '.join(alike)}")
        return self._system.nets[name]

    def _made(self, number, cycle):
        node = self._system.nodes[number]
        made = [self._cycles[when][need] for need, when in self._needs(number, cycle)]
        if node.op == "input" and len(made) == 2:
            return self._terms.mk_term(Kind.ARRAY_SELECT, made)
        if node.op in ("input", "state"):
            return made[0] if made else self._fresh(number, cycle)
        return self._operation(node, made)

    def _fresh(self, number, cycle):
        """A value that may be any."""
        node, name = self._system.nodes[number], self._names.get(number, "")
        varies = node.op == "input" and not name.startswith(RIGID)
        if varies or number in self._system.cuts:
            return self._terms.mk_const(self._sort(node.sort), f"{name or number}@{cycle}")
        if number not in self._rigid:
            self._rigid[number] = self._terms.mk_const(self._sort(node.sort), name or str(number))
        return self._rigid[number]

    def _operation(self, node: Node, operands):
        terms = self._terms
        match node.op:
            case "const":
                return terms.mk_bv_value(self._sort(node.sort), node.digits, 2)
            case "constd":
                return terms.mk_bv_value(self._sort(node.sort), node.digits, 10)
            case "zero":
                return terms.mk_bv_zero(self._sort(node.sort))
            case "one":
                return terms.mk_bv_one(self._sort(node.sort))
            case "ones":
                return terms.mk_bv_ones(self._sort(node.sort))
            case "uext" | "sext":
                kind = Kind.BV_ZERO_EXTEND if node.op == "uext" else Kind.BV_SIGN_EXTEND
                return terms.mk_term(kind, operands, list(node.numbers)) if node.numbers[0] else operands[0]
            case "slice":
                return terms.mk_term(Kind.BV_EXTRACT, operands, list(node.numbers))
            case "ite":
                return terms.mk_term(Kind.ITE, [self._truth(operands[0]), *operands[1:]])
            case "implies":
                return terms.mk_term(Kind.BV_OR, [terms.mk_term(Kind.BV_NOT, operands[:1]), operands[1]])
        if node.op in _COMPARISONS:
            bit = terms.mk_bv_sort(1)
            truth = terms.mk_term(_COMPARISONS[node.op], operands)
            return terms.mk_term(Kind.ITE, [truth, terms.mk_bv_one(bit), terms.mk_bv_zero(bit)])
        return terms.mk_term(_OPERATORS[node.op], operands)

    def _sort(self, number):
        sort = self._system.sorts[number]
        if isinstance(sort, tuple):
            return self._terms.mk_array_sort(*(self._sort(part) for part in sort))
        return self._terms.mk_bv_sort(sort)
