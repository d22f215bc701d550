"""What VHDL needs to place the design."""

from collections.abc import Iterator

from gen.flows.export import Export, File, Port

__all__ = ["vhdl"]


def vhdl(export: Export) -> Iterator[File]:
    """``{name}_component.vhd``: a package with the component, in VHDL-93; the design itself stays Verilog."""
    name = export.name
    lines = [
        f"-- {name}_component: {name} to be placed in VHDL",
        *export.header("--").splitlines(),
        "",
        "library ieee;",
        "use ieee.std_logic_1164.all;",
        "",
        f"package {name}_component is",
        "",
        f"  -- {export.design.summary}",
        f"  component {name} is",
        "    port (",
    ]
    width = max(len(port.name) for port in export.ports)
    for port in export.ports:
        end = ";" if port is not export.ports[-1] else ""
        lines += [f"      -- {port.meaning}", f"      {port.name:{width}} : {_mode(port)} {_type(port)}{end}"]
    lines += ["    );", f"  end component {name};", "", f"end package {name}_component;"]
    yield File(name=f"{name}_component.vhd", kind="VHDL component", text="\n".join(lines) + "\n")


def _mode(port: Port) -> str:
    return {"input": "in ", "output": "out"}[port.direction]


def _type(port: Port) -> str:
    return f"std_logic_vector({port.width - 1} downto 0)" if port.width > 1 else "std_logic"
