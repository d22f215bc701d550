"""The list of files that simulators take."""

from collections.abc import Iterator

from gen.flows.export import Export, File

__all__ = ["file_list"]


def file_list(export: Export) -> Iterator[File]:
    """Names of the Verilog files, a line each, relative to their folder."""
    yield File(
        name=f"{export.name}.f", kind="file list", text="".join(f"{file}\n" for file in export.sources)
    )
