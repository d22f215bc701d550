"""Every place of a module that can be changed."""

import ast
from collections.abc import Iterator
from pathlib import Path

from verif.mutation.runtime import CHANGES
from verif.mutation.site import Site

__all__ = ["OPERATORS", "changes_of", "find"]

OPERATORS = {
    ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge",
    ast.Add: "add", ast.Sub: "sub", ast.BitAnd: "and_", ast.BitOr: "or_", ast.BitXor: "xor",
}  # fmt: skip
"""Operators in the source, by their names in ``operator``."""


def find(module: str, path: Path) -> list[Site]:
    """All of a module, in the order of the source."""
    source = path.read_text()
    found = []
    for within, domain, node in _nodes(ast.parse(source)):
        text = " ".join((ast.get_source_segment(source, node) or "").split())
        place = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
        found += [Site(module, *place, change, text, within) for change in changes_of(node, domain)]
    return sorted(found)


def changes_of(node: ast.AST, domain: str | None) -> tuple[str, ...]:
    """What an expression may become; nothing for most. ``domain``: that of the statement around it."""
    match node:
        case ast.Compare(ops=[op], comparators=[right]) if type(op) in OPERATORS:
            return _with_constant(CHANGES[OPERATORS[type(op)]], right)
        case ast.BinOp(op=op, right=right) if type(op) in OPERATORS:
            return _with_constant(CHANGES[OPERATORS[type(op)]], right)
        case ast.UnaryOp(op=ast.Invert()):
            return ("not inverted",)
        case ast.Call(func=ast.Name(id="Mux"), args=[_, _, _], keywords=[]):
            return ("swapped",)
        case ast.Call(func=ast.Name(id="Signal"), keywords=keywords) if _initial(keywords):
            return ("begins otherwise",)
        case ast.Call(func=ast.Attribute(attr="If" | "Elif"), args=[_], keywords=[]):
            return ("always", "never")
        case ast.Call(func=ast.Attribute(attr="eq"), args=[_], keywords=[]) if domain:
            return ("zero",) if domain == "comb" else ("held",)
    return ()


def _initial(keywords: list[ast.keyword]) -> bool:
    """Whether a signal's initial value is given; of memories it is a list."""
    return any(keyword.arg == "init" and not isinstance(keyword.value, ast.List) for keyword in keywords)


def _with_constant(changes: tuple[str, ...], right: ast.expr) -> tuple[str, ...]:
    constant = isinstance(right, ast.Constant) and type(right.value) is int
    return (*changes, "constant") if constant else changes


def _nodes(tree: ast.Module) -> Iterator[tuple[str, str | None, ast.expr]]:
    """Expressions, each with the function it is in and the domain of the assignment around it."""

    def walk(node: ast.AST, within: str, domain: str | None) -> Iterator[tuple[str, str | None, ast.expr]]:
        for child in ast.iter_child_nodes(node):
            inner, name = domain, within
            match child:
                case ast.FunctionDef(name=own) | ast.ClassDef(name=own):
                    inner, name = None, f"{within}.{own}" if within else own
                case ast.AugAssign(target=ast.Attribute(value=ast.Attribute(attr="d"), attr=own)):
                    inner = own
            if isinstance(child, ast.expr):
                yield name, inner, child
            yield from walk(child, name, inner)

    return walk(tree, "", None)
