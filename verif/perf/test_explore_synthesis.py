"""``mixdit explore`` with the cycle model and Yosys as they are, on the smallest engine."""

import json

import pytest

from gen.cli import main

ENGINE = {"rows": 2, "cols": 2, "function-lanes": 0, "k-blocks": 4, "data-bits": 64, "target": "ecp5"}


@pytest.mark.engine
def test_sizes_are_those_of_mixdit_synth(tmp_path, capfd):
    parameters = [x for name, value in ENGINE.items() for x in (f"--{name}", str(value))]
    store = ["--store", str(tmp_path / "store"), "--json"]
    output = ["--output", str(tmp_path / "out"), "--workload", "32x32x32"]

    def printed(*arguments: str) -> dict:
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        assert not exit_.value.code
        return json.loads(capfd.readouterr().out)

    (point,) = printed("explore", *parameters, *output, *store)["points"]
    assert point["passes_single"] == point["busy"] == 16 * 16 * 2
    size = printed("synth", "--design", "engine", "--seeds", "0", *parameters, *store)
    assert point["lut"] == size["lut"] > 1000
    assert (point["ff"], point["block_memories"], point["dsp"]) == (size["ff"], size["ram"], size["dsp"])
    assert point["levels"] == size["levels"]["registers"]["levels"]
    assert point["fmax_mhz"] is None
