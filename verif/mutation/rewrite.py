"""Source of a module in which chosen changes can be switched on while it runs."""

import ast
from collections import defaultdict
from collections.abc import Mapping

from verif.mutation.find import OPERATORS
from verif.mutation.site import Site

__all__ = ["rewrite"]

_RUNTIME = "_mutation"


def rewrite(source: str, sites: Mapping[int, Site]) -> ast.Module:
    """The syntax tree of ``source`` with these sites, by their numbers, behind the switch."""
    by_place: dict[tuple, list[tuple[int, str]]] = defaultdict(list)
    for number, site in sites.items():
        by_place[site.line, site.column, site.end_line, site.end_column].append((number, site.change))
    tree = _Rewriter(by_place).visit(ast.parse(source))
    first = next(i for i, node in enumerate(tree.body) if not _docstring(node))
    tree.body.insert(first, ast.parse(f"import verif.mutation.runtime as {_RUNTIME}").body[0])
    return ast.fix_missing_locations(tree)


def _docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


class _Rewriter(ast.NodeTransformer):
    def __init__(self, by_place: Mapping[tuple, list[tuple[int, str]]]):
        self.by_place = by_place

    def generic_visit(self, node):
        super().generic_visit(node)
        if not isinstance(node, ast.expr):
            return node
        place = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
        mutants = self.by_place.get(place)
        return _switched(node, ast.parse(repr(mutants), mode="eval").body) if mutants else node


def _switched(node: ast.expr, mutants: ast.expr) -> ast.expr:
    """The call of `verif.mutation.runtime` that takes the place of ``node``."""
    match node:
        case ast.Compare(left=left, ops=[op], comparators=[right]) | ast.BinOp(left=left, op=op, right=right):
            return _call("binary", ast.Constant(OPERATORS[type(op)]), mutants, left, right)
        case ast.UnaryOp(operand=operand):
            return _call("invert", mutants, operand)
        case ast.Call(func=ast.Name(id="Mux"), args=operands):
            return _call("mux", mutants, *operands)
        case ast.Call(func=ast.Name(id="Signal"), args=args, keywords=keywords):
            return ast.Call(
                ast.Name("Signal", ast.Load()), args, [_initial(each, mutants) for each in keywords]
            )
        case ast.Call(func=ast.Attribute(attr="eq", value=target), args=[value]):
            return _call("assign", mutants, target, value)
        case ast.Call(func=func, args=[value]):
            return ast.Call(func, [_call("condition", mutants, value)], [])
    return node


def _initial(keyword: ast.keyword, mutants: ast.expr) -> ast.keyword:
    if keyword.arg != "init":
        return keyword
    return ast.keyword("init", _call("initial", mutants, keyword.value))


def _call(name: str, *arguments: ast.expr) -> ast.expr:
    function = ast.Attribute(ast.Name(_RUNTIME, ast.Load()), name, ast.Load())
    return ast.Call(function, list(arguments), [])
