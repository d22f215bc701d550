"""A device-tree fragment, for Linux."""

from collections.abc import Iterator

from gen.flows.export import Export, File
from golden.engine import ADDRESS_SPACE_BITS, VERSION

__all__ = ["device_tree"]

_BASE = 0xA0000000
_BUFFER_BYTES = 16 << 20


def device_tree(export: Export) -> Iterator[File]:
    """Registers and interrupt for UIO, memory for u-dma-buf, for a design with registers."""
    if export.design.registers is None:
        return
    name = export.name
    major, minor = VERSION
    text = f"""\
{export.header("//")}
// Include this at the end of a board's tree, whose root has two cells for addresses and two for sizes. Change
// what is marked to what your design has: address, interrupt, clock.

/ {{
	{name}_clock: {name}-clock {{
		compatible = "fixed-clock";
		#clock-cells = <0>;
		clock-frequency = <100000000>; // change: that of clk
	}};

	{name}: gemm@{_BASE:x} {{ // change: the address
		compatible = "mixdit,gemm-{major}.{minor}", "generic-uio";
		linux,uio-name = "{name}";
		reg = <0x0 {_BASE:#x} 0x0 {1 << ADDRESS_SPACE_BITS:#x}>; // change: the address of s_axil
		interrupts = <0 89 4>; // change: what irq is wired to; 4 is a level, active high
		clocks = <&{name}_clock>; // change: the clock's own node, so that Linux keeps it running
	}};

	udmabuf-{name} {{
		compatible = "ikwzm,u-dma-buf";
		device-name = "udmabuf-{name}";
		size = <{_BUFFER_BYTES:#x}>; // bytes, of contiguous memory
	}};
}};
"""
    yield File(name=f"{name}.dtsi", kind="device tree", text=text)
