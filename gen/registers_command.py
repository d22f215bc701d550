"""``mixdit registers``."""

from pathlib import Path
from typing import Annotated

import typer

from gen.designs.register_map import c_header, markdown
from gen.files import write_text

__all__ = ["registers"]


def registers(
    c: Annotated[bool, typer.Option("--c", help="A C header instead of a page of Markdown.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; left out, print it.")
    ] = None,
) -> None:
    """Write the register map of mixdit_gemm, for people or for C."""
    text = c_header() if c else markdown()
    if output is None:
        print(text, end="")
    else:
        write_text(output, text)
