"""AXI4-Stream ports around components whose ports are Amaranth streams of packets."""

from amaranth.hdl import Module, Shape
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["AXIStreamSignature", "AXIStreamTop", "as_top"]

_PACKET = {"data", "user", "last"}
"""Fields of a packet, see ``packet_layout``."""


class AXIStreamSignature(wiring.Signature):
    """TVALID, TREADY, TDATA, TUSER and TLAST of one AXI4-Stream, seen from the transmitter.

    Parameters
    ----------
    data_width, user_width:
        Widths of TDATA and TUSER in bits.
    """

    def __init__(self, *, data_width, user_width):
        super().__init__(
            {
                "tvalid": Out(1),
                "tready": In(1),
                "tdata": Out(data_width),
                "tuser": Out(user_width),
                "tlast": Out(1),
            }
        )


class AXIStreamTop(wiring.Component):
    """``core`` with its packet streams as AXI4-Stream ports; adds no logic and no latency.

    A stream ``i`` becomes ``s_axis``, ``o`` becomes ``m_axis``; any other stream ``x`` becomes
    ``s_axis_x`` or ``m_axis_x`` by its direction. Streams that go out and never stall stay inside: they tell
    neighbours on the chip what goes on.

    Parameters
    ----------
    core:
        A component all of whose ports are streams, those that can stall of ``packet_layout`` payloads.
    """

    def __init__(self, core):
        self.core = core
        self._names = {}
        members = {}
        for name, member in core.signature.members.items():
            if not (member.is_signature and isinstance(member.signature, stream.Signature)):
                raise TypeError(f"Port {name!r} of {core!r} is not a stream")
            if member.flow == Out and member.signature.always_ready:
                continue
            side = "s_axis" if member.flow == In else "m_axis"
            port = side if name in ("i", "o") else f"{side}_{name}"
            payload = member.signature.members["payload"].shape
            if not _is_packet(payload):
                raise TypeError(f"Port {name!r} of {core!r} is not a stream of packets")
            signature = AXIStreamSignature(
                data_width=Shape.cast(payload["data"].shape).width,
                user_width=Shape.cast(payload["user"].shape).width,
            )
            members[port] = wiring.Member(member.flow, signature)
            self._names[port] = name
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = self.core
        for port, name in self._names.items():
            axis, inner = getattr(self, port), getattr(self.core, name)
            fields = ((axis.tdata, inner.p.data), (axis.tuser, inner.p.user), (axis.tlast, inner.p.last))
            if self.signature.members[port].flow == In:
                m.d.comb += [inner.valid.eq(axis.tvalid), axis.tready.eq(inner.ready)]
                m.d.comb += [_bits(field).eq(pin) for pin, field in fields]
            else:
                m.d.comb += [axis.tvalid.eq(inner.valid), inner.ready.eq(axis.tready)]
                m.d.comb += [pin.eq(_bits(field)) for pin, field in fields]
        return m


def as_top(core):
    """``core`` in an `AXIStreamTop` if all of its ports are streams of packets, else ``core`` itself."""
    return AXIStreamTop(core) if all(map(_is_for_top, core.signature.members.values())) else core


def _is_for_top(member):
    """Whether it is a stream of packets, or one that goes out and never stalls, which stays inside."""
    if not (member.is_signature and isinstance(member.signature, stream.Signature)):
        return False
    stays_inside = member.flow == Out and member.signature.always_ready
    return stays_inside or _is_packet(member.signature.members["payload"].shape)


def _is_packet(payload):
    return isinstance(payload, data.StructLayout) and payload.members.keys() >= _PACKET


def _bits(field):
    return field.as_value() if hasattr(field, "as_value") else field
