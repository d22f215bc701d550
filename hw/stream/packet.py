"""The payload of a stream of packets."""

from amaranth.lib import data

__all__ = ["packet_layout"]


def packet_layout(payload, user) -> data.StructLayout:
    """One AXI4-Stream beat: ``data`` (TDATA), ``user`` (TUSER) and ``last`` (TLAST)."""
    return data.StructLayout({"data": payload, "user": user, "last": 1})
