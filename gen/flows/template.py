"""An instance of the design to copy from."""

from collections.abc import Iterator

from gen.flows.export import Export, File

__all__ = ["template"]


def template(export: Export) -> Iterator[File]:
    """A module with every port of the design, its width and meaning, and an instance."""
    name, ports = export.name, export.ports
    lines = [f"// How to place {name}; inputs of what is not used still need to be tied.", ""]
    lines += [f"module {name}_template ("]
    for port in ports:
        lines.append(f"  // {port.meaning}")
        lines.append(f"  {port.declaration}" + ("," if port is not ports[-1] else ""))
    lines += [");", "", f"  {name} u_{name} ("]
    width = max(len(port.name) for port in ports)
    lines += [
        f"    .{port.name:{width}} ({port.name})" + ("," if port is not ports[-1] else "") for port in ports
    ]
    lines += ["  );", "", "endmodule"]
    yield File(name=f"{name}_template.v", kind="template", text="\n".join(lines) + "\n")
