"""Which ports a component's AXI4-Stream top has."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.shared_module import flat_ports
from hw.stream.axi_stream import AXIStreamTop, as_top
from hw.stream.packet import packet_layout

PACKET = packet_layout(12, 3)


class Core(wiring.Component):
    """Passes ``i`` on; ``ports`` are further ones."""

    def __init__(self, **ports):
        super().__init__({"i": In(stream.Signature(PACKET)), "o": Out(stream.Signature(PACKET)), **ports})

    def elaborate(self, platform):
        m = Module()
        wiring.connect(m, wiring.flipped(self.i), wiring.flipped(self.o))
        return m


def ports(top):
    return {name: (len(value), flow) for name, (value, flow) in flat_ports(top, "_").items()}


def test_streams_of_packets_become_axi_streams():
    """What goes out and never stalls stays inside, whatever its payload."""
    widths = {"tvalid": 1, "tready": 1, "tdata": 12, "tuser": 3, "tlast": 1}
    expected = {}
    for name, flow, back in (("s_axis", In, Out), ("m_axis_extra", Out, In), ("m_axis", Out, In)):
        for pin, width in widths.items():
            expected[f"{name}_{pin}"] = (width, back if pin == "tready" else flow)
    activity = stream.Signature(5, always_ready=True, always_valid=True)
    core = Core(extra=Out(stream.Signature(PACKET)), activity=Out(activity))
    top = as_top(core)
    assert isinstance(top, AXIStreamTop)
    assert ports(top) == expected


def test_other_ports_have_no_axi_stream():
    core = Core(start=In(1))
    assert as_top(core) is core
    with pytest.raises(TypeError, match=r"Port 'start' of .* is not a stream"):
        AXIStreamTop(core)


def test_streams_of_other_payloads_have_no_axi_stream():
    for payload in (5, data.StructLayout({"sign": 1, "data": 3})):
        core = Core(extra=In(stream.Signature(payload)))
        assert as_top(core) is core
        with pytest.raises(TypeError, match=r"Port 'extra' of .* is not a stream of packets"):
            AXIStreamTop(core)
