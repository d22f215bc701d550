"""Names of an export's modules: plain, and each beginning with that of its top."""

import re
from collections.abc import Iterable, Mapping

__all__ = ["SEPARATOR", "check_name", "rename_modules"]

SEPARATOR = "__"
"""Between the parts of a module's name. No top has it in its name, so no two tops share a module."""

_ID = r"(?:\\\S+ |[A-Za-z_][\w$]*)"
_MODULE = re.compile(rf"^module ({_ID})", re.MULTILINE)
_PLACED = re.compile(rf"^  ({_ID}) ({_ID}) ?\($", re.MULTILINE)
_PLACED_WITH_PARAMETERS = re.compile(rf"^  (\)) ({_ID}) ?\($", re.MULTILINE)

_WORDS = """
accept alias and array assert assign assume begin bit block body buffer bus byte case cell class
clocking component config context constant const cover design disable edge else end endmodule entity
enum event expect export extends file final for force fork function generate generic group guarded
if implements import initial inout input instance int integer interface is label library link local
logic loop map matches mod module nand new next nor not null of on open or others out output package
packed port pure process program property protected range real record reg register reject release
rem repeat report return select sequence severity shared signal signed small solve static string
strong struct subtype super supply0 supply1 table tagged task then this time to transport tri type
typedef union unit units unsigned until use var variable vector view virtual void wait weak when
while wire with xnor xor
"""

_KEYWORDS = frozenset(_WORDS.split())
"""Words of Verilog, SystemVerilog and VHDL that somebody could call a design."""


def check_name(name: str) -> str:
    """``name``, if a top can have it in Verilog and VHDL; raises ``ValueError``."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*", name):
        raise ValueError(
            f"name must be letters, digits and single underscores between them, first a letter, not {name!r}"
        )
    if name.endswith(("_component", "_tb", "_template")):
        raise ValueError(
            f"name must not end like the component, the bench or the template of a design, as {name!r} does"
        )
    if name.lower() in _KEYWORDS:
        raise ValueError(f"name must not be a word of Verilog or VHDL, such as {name!r}")
    return name


def rename_modules(modules: Mapping[str, str], old: str, new: str) -> dict[str, str]:
    """Modules of an export by new names that need no escape: top ``old`` is then called ``new``.

    ``old.core.loader`` becomes ``new__core__loader``; a module ``mx_array_pe`` that is placed many times,
    ``new__pe``. Names of instances become plain, too.

    Parameters
    ----------
    modules:
        Text by the name of its first module, as ``gen.verilog.to_verilog_modules`` makes it.
    """
    names: dict[str, str] = {}
    for text in modules.values():
        for name in map(_bare, _MODULE.findall(text)):
            root, *path = name.split(".")
            first = [new] if root == old else [new, root.removeprefix("mx_array_").removeprefix(f"{old}_")]
            names[name] = _unique(_plain(SEPARATOR.join([*first, *path])), names.values())
    return {names[name]: _renamed(text, names) for name, text in modules.items()}


def _renamed(text: str, names: Mapping[str, str]) -> str:
    parts = re.split(r"(?<=^endmodule\n)", text, flags=re.MULTILINE)
    return "".join(_renamed_module(part, names) for part in parts)


def _renamed_module(text: str, names: Mapping[str, str]) -> str:
    """One module, its instances' types and, where they need an escape, their names renamed."""
    taken = set(re.findall(r"[A-Za-z_]\w*", text))

    def placed(match: re.Match[str]) -> str:
        kind, plain = match[1], match[2]
        if plain.startswith("\\"):
            name = _bare(plain)
            # What is plain already and has an escape all the same is a keyword.
            plain = _plain(name) if _plain(name) != name else f"{name}_"
            plain = _unique(plain, taken)
            taken.add(plain)
        return f"  {names.get(_bare(kind), kind)} {plain} ("

    text = _MODULE.sub(lambda match: f"module {names[_bare(match[1])]}", text)
    return _PLACED_WITH_PARAMETERS.sub(placed, _PLACED.sub(placed, text))


def _bare(identifier: str) -> str:
    """An identifier without its escape."""
    return identifier.strip().removeprefix("\\")


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _unique(name: str, taken: Iterable[str]) -> str:
    """``name``, with a number behind it if it is taken."""
    taken, number, found = set(taken), 1, name
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found
