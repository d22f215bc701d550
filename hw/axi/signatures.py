"""AXI4 and AXI4-Lite ports, named as the AMBA specification names them."""

from amaranth.hdl import unsigned
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

__all__ = [
    "CACHE",
    "PROTECTION",
    "AXI4LiteSignature",
    "AXI4ReadSignature",
    "AXI4Signature",
    "AXI4WriteSignature",
    "Burst",
    "Response",
    "beat_size",
    "check_bus",
]

PAGE_BYTES = 4096
"""No burst crosses a multiple of this."""


CACHE = 0b0011
"""ARCACHE and AWCACHE: normal memory, no cache. Bursts may be buffered, merged and split on their way."""

PROTECTION = 0b000
"""ARPROT and AWPROT: data, secure, unprivileged, like most DMA engines. Secure accesses reach all memory;
some systems refuse others until software opens the memory to them."""


class Response(enum.Enum, shape=unsigned(2)):
    """RRESP and BRESP."""

    OKAY = 0
    EXOKAY = 1
    SLVERR = 2
    DECERR = 3


class Burst(enum.Enum, shape=unsigned(2)):
    """ARBURST and AWBURST."""

    FIXED = 0
    INCR = 1
    WRAP = 2


def beat_size(data_bits):
    """ARSIZE and AWSIZE of beats as wide as the bus: log2 of their bytes."""
    return (data_bits // 8).bit_length() - 1


def check_bus(*, data_bits, address_bits):
    """Raise ``TypeError`` or ``ValueError`` unless the engine can have a memory port like this."""
    for name, value in (("data_bits", data_bits), ("address_bits", address_bits)):
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{name} must be an integer, not {value!r}")
    if data_bits not in (64, 128, 256, 512):
        raise ValueError(f"data_bits must be 64, 128, 256 or 512, not {data_bits!r}")
    if not 16 <= address_bits <= 64:
        raise ValueError(f"address_bits must be 16 to 64, not {address_bits!r}")


def _read_members(data_bits, address_bits):
    return {
        "arid": Out(1),
        "araddr": Out(address_bits),
        "arlen": Out(8),
        "arsize": Out(3),
        "arburst": Out(2),
        "arcache": Out(4),
        "arprot": Out(3),
        "arvalid": Out(1),
        "arready": In(1),
        "rid": In(1),
        "rdata": In(data_bits),
        "rresp": In(2),
        "rlast": In(1),
        "rvalid": In(1),
        "rready": Out(1),
    }


def _write_members(data_bits, address_bits):
    return {
        "awid": Out(1),
        "awaddr": Out(address_bits),
        "awlen": Out(8),
        "awsize": Out(3),
        "awburst": Out(2),
        "awcache": Out(4),
        "awprot": Out(3),
        "awvalid": Out(1),
        "awready": In(1),
        "wdata": Out(data_bits),
        "wstrb": Out(data_bits // 8),
        "wlast": Out(1),
        "wvalid": Out(1),
        "wready": In(1),
        "bid": In(1),
        "bresp": In(2),
        "bvalid": In(1),
        "bready": Out(1),
    }


class AXI4ReadSignature(wiring.Signature):
    """The AR and R channels of AXI4, seen from the manager.

    Parameters
    ----------
    data_bits, address_bits:
        Widths of RDATA and ARADDR.
    """

    def __init__(self, *, data_bits, address_bits):
        self.data_bits, self.address_bits = data_bits, address_bits
        super().__init__(_read_members(data_bits, address_bits))


class AXI4WriteSignature(wiring.Signature):
    """The AW, W and B channels of AXI4, seen from the manager.

    Parameters
    ----------
    data_bits, address_bits:
        Widths of WDATA and AWADDR.
    """

    def __init__(self, *, data_bits, address_bits):
        self.data_bits, self.address_bits = data_bits, address_bits
        super().__init__(_write_members(data_bits, address_bits))


class AXI4Signature(wiring.Signature):
    """All five channels of AXI4, seen from the manager: what both halves above have.

    Parameters
    ----------
    data_bits, address_bits:
        Widths of the data and of the addresses.
    """

    def __init__(self, *, data_bits, address_bits):
        self.data_bits, self.address_bits = data_bits, address_bits
        super().__init__(_write_members(data_bits, address_bits) | _read_members(data_bits, address_bits))


class AXI4LiteSignature(wiring.Signature):
    """AXI4-Lite with 32-bit data, seen from the manager.

    Parameters
    ----------
    address_bits:
        Widths of AWADDR and ARADDR.
    """

    def __init__(self, *, address_bits):
        self.address_bits = address_bits
        super().__init__(
            {
                "awaddr": Out(address_bits),
                "awprot": Out(3),
                "awvalid": Out(1),
                "awready": In(1),
                "wdata": Out(32),
                "wstrb": Out(4),
                "wvalid": Out(1),
                "wready": In(1),
                "bresp": In(2),
                "bvalid": In(1),
                "bready": Out(1),
                "araddr": Out(address_bits),
                "arprot": Out(3),
                "arvalid": Out(1),
                "arready": In(1),
                "rdata": In(32),
                "rresp": In(2),
                "rvalid": In(1),
                "rready": Out(1),
            }
        )
