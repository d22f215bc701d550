"""The folder of an exported engine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from mixdit.json_values import expect, parse, reason, whole

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
            text = path.read_bytes()
        except OSError as error:
            raise ExportError(
                f"{folder} is no export: {path} cannot be read ({error.strerror}); make one with"
                f" mixdit verilog --top {_DESIGN}"
            ) from error
        try:
            return cls._of(expect(parse(text), dict, "it"), Path(folder))
        except ExportError:
            raise
        except (LookupError, TypeError, ValueError) as error:
            raise ExportError(f"{path} is no manifest of an export: {reason(error)}") from error

    @classmethod
    def _of(cls, manifest: dict[str, Any], folder: Path) -> "ExportedEngine":
        if (design := manifest["design"]) != _DESIGN:
            raise ExportError(
                f"{folder} is an export of {str(design)[:80]}, which has no registers:"
                f" LiteX needs one of {_DESIGN}"
            )
        return cls(
            top=expect(manifest["top"], str, "top"),
            sources=tuple(
                folder / expect(file["name"], str, "a file's name")
                for file in expect(manifest["files"], list, "files")
                if file["kind"] == "verilog"
            ),
            ports=tuple(_port(port) for port in expect(manifest["ports"], list, "ports")),
            data_bits=whole(manifest["parameters"]["data_bits"]["value"], "data_bits", 1),
        )


def _port(port: Any) -> Port:
    name, direction = (expect(port[key], str, f"a port's {key}") for key in ("name", "direction"))
    return Port(name, direction, whole(port["width"], "a port's width", 1))
