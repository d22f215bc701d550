"""The bench that checks the design in the user's simulator."""

from collections.abc import Iterator

from gen.bench.bench import bench
from gen.flows.export import Export, File

__all__ = ["testbench"]


def testbench(export: Export) -> Iterator[File]:
    """Module ``{name}_tb``: plain Verilog-2005, with vectors of the golden model."""
    name = export.name
    text = f"// {name}_tb: checks {name}, prints PASS or FAIL\n{export.header('//')}\n"
    text += bench(export.design.name, export.top, name, initialized=export.initialized)
    yield File(name=f"{name}_tb.v", kind="bench", text=text)
