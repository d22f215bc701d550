"""The register table as a memory map of IP-XACT."""

from gen.flows import ip_xact_xml as xml
from gen.flows.buses import Bus
from gen.flows.ip_xact_xml import element, named
from golden.engine import ADDRESS_SPACE_BITS, REGISTERS, Access, Field, Register

__all__ = ["add_registers"]

_ACCESS = {
    Access.READ: "read-only",
    Access.WRITE: "write-only",
    Access.READ_WRITE: "read-write",
    Access.CLEAR: "read-write",
}

_CHANGES = (Access.READ, Access.CLEAR)
"""Registers that change without a write."""


def add_registers(group: xml.Element, bus: Bus) -> None:
    """A memory map named like ``bus``, with every register and field."""
    memory_map = named(group, "memoryMap", bus.name)
    block = named(memory_map, "addressBlock", "registers")
    element(block, "baseAddress", 0)
    element(block, "range", 1 << ADDRESS_SPACE_BITS)
    element(block, "width", bus.ports["wdata"].width)
    element(block, "usage", "register")
    for register in REGISTERS.values():
        _add_register(block, register)
    element(memory_map, "addressUnitBits", 8)


def _add_register(block: xml.Element, register: Register) -> None:
    made = named(block, "register", register.name, register.meaning)
    element(made, "addressOffset", f"{register.offset:#05x}")
    element(made, "size", 32)
    element(made, "volatile", str(register.access in _CHANGES).lower())
    element(made, "access", _ACCESS[register.access])
    for field in register.fields:
        _add_field(made, field, register.access)


def _add_field(register: xml.Element, field: Field, access: Access) -> None:
    made = named(register, "field", field.name, field.meaning)
    element(made, "bitOffset", field.low)
    element(made, "bitWidth", field.width)
    element(made, "access", _ACCESS[access])
    if access is Access.CLEAR:
        element(made, "modifiedWriteValue", "oneToClear")
