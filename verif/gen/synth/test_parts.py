"""Kinds of parts of a netlist whose modules were kept apart."""

import json

from gen.synth.families import FAMILIES
from gen.synth.synthesis import Netlist, parts


def test_elements_count_wherever_they_are(tmp_path):
    """In a grid within a drained grid, both named after the array; what is beside them counts apart."""
    content = {
        "array": {"array.loader": 2, "array.drained": 1, "LUT4": 5},
        "array.loader": {"LUT4": 7},
        "array.drained": {"array.drained.grid": 1, "LUT4": 3},
        "array.drained.grid": {"array_pe": 4, "LUT4": 1},
        "array_pe": {"LUT4": 100, "array_pe.dot": 1},
        "array_pe.dot": {"LUT4": 10},
    }
    modules = {f"\\{name}": {"num_cells_by_type": cells} for name, cells in content.items()}
    (tmp_path / "statistics.json").write_text(json.dumps({"modules": modules}))
    family = FAMILIES["ecp5"]
    found = parts(Netlist(folder=tmp_path, area=family.area({"LUT4": 463})), "array", family)
    assert [(part.name, part.number, part.area.lut) for part in found] == [
        ("array_pe", 4, 440),
        ("loader", 2, 14),
        ("(rest)", 1, 9),
    ]
