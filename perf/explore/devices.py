"""What a design must fit into."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gen.synth.placement import LFE5U_85, Device

__all__ = ["DEVICES", "Limits"]

DEVICES: Mapping[str, tuple[str, Device]] = {
    device.name: (family, device)
    for family, device in (
        ("ecp5", Device(name="LFE5U-25F", lut=24288, ff=24288, ram=56)),
        ("ecp5", Device(name="LFE5U-45F", lut=43848, ff=43848, ram=108)),
        ("ecp5", LFE5U_85),
        ("nexus", Device(name="LIFCL-40", lut=32256, ff=32256, ram=84)),
    )
}
"""Devices by name, with their families; what they have is what nextpnr counts in them."""

_TITLES = {"lut": "LUTs", "ff": "flip-flops", "block_memories": "block memories"}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The most that a design may have of each kind of cell; None for any number.

    Parameters
    ----------
    lut, ff, block_memories:
        Look-up tables, flip-flops, block memories.
    device:
        One of `DEVICES`, which has its limits too.

    Raises
    ------
    ValueError
        Another device.
    """

    lut: int | None = None
    ff: int | None = None
    block_memories: int | None = None
    device: str | None = None

    def __post_init__(self) -> None:
        if self.device is not None and self.device not in DEVICES:
            raise ValueError(f"must be one of {', '.join(DEVICES)}, not {self.device!r}")

    def exceeded(self, row: Mapping[str, Any]) -> str:
        """What a row of results has too much of, in words; empty for one that fits, or of unknown size."""
        family, device = DEVICES[self.device] if self.device else ("", None)
        if device and row["family"] != family:
            return f"{device.name} is of {family}, not of {row['family']}"
        has = {"lut": device.lut, "ff": device.ff, "block_memories": device.ram} if device else {}
        for name, title in _TITLES.items():
            limits = [limit for limit in (getattr(self, name), has.get(name)) if limit is not None]
            if limits and row[name] is not None and row[name] > min(limits):
                return f"{row[name]} {title}, of {min(limits)}"
        return ""
