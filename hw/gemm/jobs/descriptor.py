"""Descriptors in hardware."""

from amaranth.lib import data

from golden.engine import DESCRIPTOR_REGISTERS

__all__ = ["descriptor_fields", "descriptor_layout", "queued_descriptor_layout"]


def descriptor_fields():
    """``(name, register, field, low)``: each field of a register, and its place in the layout's field.

    An address has two registers.
    """
    for register in DESCRIPTOR_REGISTERS:
        for field in register.fields:
            if field.name != "value":
                yield field.name, register, field, 0
            else:
                name, _, half = register.name.lower().rpartition("_")
                yield name, register, field, 32 if half == "high" else 0


def descriptor_layout() -> data.StructLayout:
    """The fields of ``golden.engine.Descriptor``; ``reserved`` says that some reserved bit was set."""
    widths = {}
    for name, _, field, low in descriptor_fields():
        widths[name] = low + field.width
    return data.StructLayout({**widths, "reserved": 1})


def queued_descriptor_layout() -> data.StructLayout:
    """A descriptor with its place in a list.

    ``ends_list``: it is a list's last one. ``misplaced``: in place of one, an entry that may not lie where it
    should; the other fields are arbitrary then.
    """
    return data.StructLayout({**descriptor_layout().members, "ends_list": 1, "misplaced": 1})
