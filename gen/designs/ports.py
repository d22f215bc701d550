"""What the ports of exported designs mean, interface by interface."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from hw.axi.signatures import CACHE, PROTECTION

__all__ = ["AXI4", "AXI4Lite", "Interface", "Interrupt", "Pin", "Stream", "port_name"]


def port_name(interface: str, signal: str) -> str:
    """Name in Verilog of a signal of an interface; the one of a pin has an empty name."""
    return f"{interface}_{signal}" if signal else interface


class Interface(Protocol):
    """Some ports that belong together."""

    def meanings(self, receives: bool) -> Mapping[str, str]:
        """Meaning of each signal, by its name behind the interface's.

        Parameters
        ----------
        receives:
            Whether others send to the design.
        """


@dataclass(frozen=True, kw_only=True)
class Stream:
    """What the signals of one AXI4-Stream mean.

    Parameters
    ----------
    data, user, last:
        Meaning of TDATA, TUSER and TLAST.
    """

    data: str
    user: str
    last: str

    def meanings(self, receives: bool) -> Mapping[str, str]:
        """Meaning of each signal, by its name on the stream."""
        source, sink = ("sender", "this design") if receives else ("this design", "receiver")
        return {
            "tvalid": f"{source} offers a beat; held, with its data, until tready",
            "tready": f"{sink} takes the beat",
            "tdata": self.data,
            "tuser": self.user,
            "tlast": self.last,
        }


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A single signal that is an interface of its own.

    Parameters
    ----------
    meaning:
        What it says.
    """

    meaning: str

    def meanings(self, receives: bool) -> Mapping[str, str]:
        """Its meaning, by the empty name."""
        return {"": self.meaning}


@dataclass(frozen=True, kw_only=True)
class Interrupt(Pin):
    """An interrupt that stays high until software clears it."""


_CHANNELS = {
    "aw": "write address",
    "w": "write data",
    "b": "write response",
    "ar": "read address",
    "r": "read data",
}


def _handshakes() -> dict[str, str]:
    return {
        f"{channel}{signal}": f"{what}: {meaning}"
        for channel, what in _CHANNELS.items()
        for signal, meaning in (("valid", "offered; held until ready"), ("ready", "taken"))
    }


@dataclass(frozen=True, kw_only=True)
class _Addressed:
    """A port of addresses.

    Parameters
    ----------
    what:
        What lies at them.
    """

    what: str


class AXI4Lite(_Addressed):
    """What the signals of an AXI4-Lite port mean."""

    def meanings(self, receives: bool) -> Mapping[str, str]:
        """Meaning of each signal, by its name on the port."""
        return _handshakes() | {
            "awaddr": f"byte address of a write to {self.what}",
            "awprot": "ignored",
            "wdata": "data to write",
            "wstrb": "which bytes of wdata to write",
            "bresp": "0 done, 2 refused",
            "araddr": f"byte address of a read from {self.what}",
            "arprot": "ignored",
            "rdata": "data read",
            "rresp": "0",
        }


class AXI4(_Addressed):
    """What the signals of an AXI4 port mean, on the side that issues bursts."""

    def meanings(self, receives: bool) -> Mapping[str, str]:
        """Meaning of each signal, by its name on the port."""
        found = _handshakes()
        for channel, verb in (("aw", "write"), ("ar", "read")):
            found |= {
                f"{channel}id": f"ID of every {verb}: 0",
                f"{channel}addr": f"where a {verb} burst begins in {self.what}, a multiple of a beat's bytes",
                f"{channel}len": "beats of the burst, less 1",
                f"{channel}size": "log2 of a beat's bytes, those of the bus",
                f"{channel}burst": "1, incrementing",
                f"{channel}cache": f"{CACHE}, normal memory, no cache; may be buffered and merged",
                f"{channel}prot": f"{PROTECTION}, data, secure, unprivileged",
            }
        return found | {
            "wdata": "data to write",
            "wstrb": "which bytes of wdata to write",
            "wlast": "the burst's last beat",
            "bid": "ignored",
            "bresp": "0 done, 2 slave error, 3 decode error",
            "rid": "ignored; reads are answered in order",
            "rdata": "data read",
            "rresp": "0 done, 2 slave error, 3 decode error",
            "rlast": "the burst's last beat",
        }
