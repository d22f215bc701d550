"""Manifests of exports: what LiteX reads, and what an export that is written anew finds."""

import json
from functools import cache

from gen.designs import DESIGNS
from gen.files import write_files
from mixdit.litex.exported import ExportedEngine, ExportError
from verif.hostile.inputs.documents import document
from verif.hostile.inputs.room import Room
from verif.hostile.targets.target import Target

__all__ = ["EARLIER_EXPORTS", "EXPORTS"]

_MANIFEST = "manifest.json"


@cache
def _valid() -> list[bytes]:
    """Its few members that are read, of a manifest in the form of `gen.package`."""
    assert "mixdit_gemm" in DESIGNS
    return [
        json.dumps(
            {
                "design": "mixdit_gemm",
                "top": "mixdit_gemm",
                "files": [{"name": "mixdit_gemm.v", "kind": "verilog"}, {"name": "x.h", "kind": "c"}],
                "ports": [{"name": "clk", "direction": "input", "width": 1}],
                "parameters": {"data_bits": {"value": 128}},
            }
        ).encode()
    ]


def _read(data: bytes, room: Room) -> None:
    room.file(data, _MANIFEST)
    ExportedEngine.read(room.files)


EXPORTS = Target(
    name="export",
    share=165,
    read=_read,
    draw=document,
    valid=_valid,
    refusals=(ExportError,),
    names_file=True,
)
"""The folder that a LiteX system takes its engine from."""


def _write(data: bytes, room: Room) -> None:
    room.file(data, _MANIFEST)
    (room.files / "mine").write_text("mine")
    write_files(room.files, {"new.v": "module new; endmodule\n"})
    assert (room.files / "new.v").read_text() == "module new; endmodule\n"
    assert (room.files / "mine").read_text() == "mine"
    assert room.output.is_dir()
    (room.files / "new.v").unlink()


EARLIER_EXPORTS = Target(
    name="earlier-export",
    share=10,
    read=_write,
    draw=document,
    valid=_valid,
    refusals=(),
)
"""A folder with an earlier export's manifest: whatever it holds, the new one is written."""
