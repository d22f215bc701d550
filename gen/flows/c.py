"""What C programs need to drive a design with registers."""

from collections.abc import Iterator
from importlib.resources import files

from gen.designs.register_map import c_header
from gen.flows.export import Export, File

__all__ = ["c"]

_SOURCES = {
    "mixdit_gemm_driver.h": "C driver",
    "mixdit_gemm_platform.h": "C header",
    "mixdit_gemm_linux.c": "C platform for Linux",
    "mixdit_gemm_example.c": "C example",
}
"""Files of ``gen.c``: what each one is."""


def c(export: Export) -> Iterator[File]:
    """Registers, driver, platforms and an example, for a design with registers.

    Files have the design's name. What is in them does not depend on it, so a program may use the files of
    several engines.
    """
    if export.design.registers is None:
        return
    yield File(name=f"{export.name}.h", kind="C header", text=c_header())
    for source, kind in _SOURCES.items():
        text = (files("gen.c") / source).read_text(encoding="utf-8")
        yield File(
            name=source.replace(export.design.name, export.name),
            kind=kind,
            text=text.replace(f'#include "{export.design.name}', f'#include "{export.name}'),
        )
