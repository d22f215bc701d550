"""What C programs need to drive a design with registers."""

from collections.abc import Iterator

from gen.designs.ports import AXI4Lite
from gen.designs.register_map import c_header
from gen.flows.export import Export, File

__all__ = ["c"]


def c(export: Export) -> Iterator[File]:
    """The register map as a header, for a design that has an AXI4-Lite port."""
    if any(isinstance(interface, AXI4Lite) for interface in export.design.interfaces.values()):
        yield File(name=f"{export.name}.h", kind="C header", text=c_header())
