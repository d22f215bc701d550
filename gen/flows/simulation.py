"""What simulators need besides the design."""

from collections.abc import Iterator

from gen.cells.models import cell_models
from gen.flows.export import Export, File

__all__ = ["simulation"]


def simulation(export: Export) -> Iterator[File]:
    """A list of all files that the bench takes; models of the cells of an FPGA family, if it places any.

    Synthesis knows these cells by itself, so that the models are not among the sources.
    """
    for name in export.models:
        text = f"// {name}: models of the cells that {export.name} places\n{export.header('//')}\n"
        yield File(name=name, kind="simulation models", text=text + cell_models(export.cells))
    names = [*export.sources, *export.models, f"{export.name}_tb.v"]
    yield File(name=f"{export.name}_sim.f", kind="file list of the bench", text="\n".join(names) + "\n")
