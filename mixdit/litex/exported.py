"""The folder of an exported engine."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

_DESIGN = "mixdit_gemm"


class ExportError(ValueError):
    """A folder is no export of an engine."""


class Port(NamedTuple):
    """A port of the top module: ``direction`` is ``"input"`` or ``"output"``, ``width`` in bits."""

    name: str
    direction: str
    width: int


@dataclass(frozen=True, kw_only=True)
class ExportedEngine:
    """What a system needs to know of an engine, from its ``manifest.json``.

    Parameters
    ----------
    top:
        Its top module.
    sources:
        Paths of its Verilog files.
    ports:
        Its ports, in the order of the manifest.
    data_bits:
        Width of its memory port's data.
    """

    top: str
    sources: tuple[Path, ...]
    ports: tuple[Port, ...]
    data_bits: int

    @classmethod
    def read(cls, folder: str | Path) -> "ExportedEngine":
        """Read the manifest in ``folder``; raises ``ExportError`` for anything but an engine's export."""
        path = Path(folder) / "manifest.json"
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ExportError(
                f"{folder} is no export: {path} cannot be read ({error.strerror}); make one with"
                f" mixdit verilog --top {_DESIGN}"
            ) from error
        try:
            return cls._of(json.loads(text), Path(folder))
        except (AttributeError, LookupError, TypeError, json.JSONDecodeError) as error:
            raise ExportError(f"{path} is no manifest of an export: {error!r}") from error

    @classmethod
    def _of(cls, manifest: dict[str, Any], folder: Path) -> "ExportedEngine":
        if (design := manifest["design"]) != _DESIGN:
            raise ExportError(
                f"{folder} is an export of {design}, which has no registers: LiteX needs one of {_DESIGN}"
            )
        return cls(
            top=manifest["top"],
            sources=tuple(folder / file["name"] for file in manifest["files"] if file["kind"] == "verilog"),
            ports=tuple(Port(port["name"], port["direction"], port["width"]) for port in manifest["ports"]),
            data_bits=manifest["parameters"]["data_bits"]["value"],
        )
