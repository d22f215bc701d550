"""Instances of a shared module, against the module that is converted."""

import re

import pytest
from amaranth.hdl import Module, signed
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from gen.verilog import to_verilog_modules
from hw.shared_module import flat_ports, place


class Kind(enum.Enum, shape=2):
    PLAIN = 0
    MARKED = 1


class Flags(enum.IntFlag, shape=3):
    ODD = 1


PAYLOAD = data.StructLayout({"kind": Kind, "parts": data.ArrayLayout(3, 2), "flags": Flags})

PORTS = {
    "i": In(stream.Signature(PAYLOAD)).array(2),
    "o": Out(stream.Signature(PAYLOAD)).array(2),
    "event": Out(stream.Signature(Kind, always_ready=True)),
    "request": In(stream.Signature(5, always_ready=True)),
    "state": Out(stream.Signature(Flags, always_valid=True, always_ready=True)),
    "table": In(signed(4)).array(2, 3),
    "start": In(4, init=5),
}


class Prototype(wiring.Component):
    """Passes its streams on."""

    def __init__(self):
        super().__init__(PORTS)

    def elaborate(self, platform):
        m = Module()
        for i, o in zip(self.i, self.o, strict=True):
            wiring.connect(m, wiring.flipped(i), wiring.flipped(o))
        m.d.sync += [self.event.p.eq(self.i[0].p.kind), self.event.valid.eq(self.request.valid)]
        m.d.comb += self.state.p.eq((self.table[1][2] + self.start + self.request.p)[:3])
        return m


class Chain(wiring.Component):
    """Two prototypes, one after the other."""

    def __init__(self):
        self.prototype = Prototype()
        super().__init__(PORTS)

    @property
    def shared_modules(self):
        return {"prototype": self.prototype}

    def elaborate(self, platform):
        m = Module()
        connect, flipped = wiring.connect, wiring.flipped
        first, last = (place(m, name, self.prototype, module="prototype") for name in ("first", "last"))
        for n in range(2):
            connect(m, flipped(self.i[n]), first.i[n])
            connect(m, first.o[n], last.i[n])
            connect(m, last.o[n], flipped(self.o[n]))
        connect(m, flipped(self.request), last.request)
        connect(m, last.event, flipped(self.event))
        connect(m, last.state, flipped(self.state))
        m.d.comb += [
            first.request.p.eq(self.request.p),
            last.table[1][2].eq(self.table[1][2]),
            last.start.eq(self.start),
        ]
        return m


@pytest.fixture(scope="module")
def modules():
    return to_verilog_modules(Chain(), "chain")


def instance(text, name):
    """Connections of an instance, by port."""
    body = re.search(rf"prototype {name} \((.*?)\n  \);", text, re.DOTALL)[1]
    return dict(re.findall(r"\.(\w+)\((.*?)\)", body))


def test_each_port_is_connected_with_its_direction(modules):
    """What never stalls has no ready, in the module as in its instances."""
    directions = {
        name: way
        for way, name in re.findall(
            r"^  (input|output) (?:signed )?(?:\[\d+:0\] )?(\w+);", modules["prototype"], re.MULTILINE
        )
    }
    assert directions == {
        "clk": "input",
        "rst": "input",
        **{f"i__{n}__{part}": "input" for n in range(2) for part in ("payload", "valid")},
        **{f"i__{n}__ready": "output" for n in range(2)},
        **{f"o__{n}__{part}": "output" for n in range(2) for part in ("payload", "valid")},
        **{f"o__{n}__ready": "input" for n in range(2)},
        **{f"event__{part}": "output" for part in ("payload", "valid")},
        **{f"request__{part}": "input" for part in ("payload", "valid")},
        "state__payload": "output",
        **{f"table__{n}__{k}": "input" for n in range(2) for k in range(3)},
        "start": "input",
    }
    for name in ("first", "last"):
        assert instance(modules["chain"], name).keys() == directions.keys()


def test_streams_of_instances_connect_as_those_of_components(modules):
    """In both directions; a port that nothing drives has its initial value."""
    first, last = (instance(modules["chain"], name) for name in ("first", "last"))
    for n in range(2):
        for part in ("payload", "valid", "ready"):
            assert first[f"o__{n}__{part}"] == last[f"i__{n}__{part}"]
    assert first["i__1__payload"] == "i_1_payload"
    assert last["o__1__ready"] == "o_1_ready"
    assert first["request__payload"] == last["request__payload"] == "request_payload"
    assert last["table__1__2"] == "table_1_2"
    assert first["table__1__2"] == "4'h0"
    assert (first["start"], last["start"]) == ("4'h5", "start")


def test_an_instance_has_the_prototypes_signature():
    """And payloads of the same shapes."""
    prototype = Prototype()
    placed = place(Module(), "unit", prototype, module="prototype")
    assert placed.signature == prototype.signature
    assert placed.signature.is_compliant(placed)
    assert placed.i[1].p.shape() == PAYLOAD
    assert placed.o[0].p.kind.shape() == Kind
    assert flat_ports(placed)["i__0__payload"][0].name == "unit__i__0__payload"


def test_no_signals_for_the_fields_of_an_instance(modules):
    """They would be repeated for each instance; the payload as a whole is there."""
    assert re.search(r"wire \[10:0\] first__o__0__payload;", modules["chain"])
    assert not re.search(r"(first|last)__\w+\.", modules["chain"])
