"""Wrong calls of the command, made from its options: each ends with one line that says what is wrong."""

import re
from collections.abc import Iterator
from importlib.metadata import entry_points

import pytest
import typer

from gen import application, cli
from gen.designs import DESIGNS, PARAMETERS

pytestmark = pytest.mark.slow

GROUP = typer.main.get_command(
    application.application([*application.OWN, *entry_points(group="mixdit.commands")])
)

NEEDED = {
    "synth": ["--design", "pe"],
    "place": ["--top", "mx_array"],
    "calibrate": ["--model", "x", "--pipeline", "dit"],
}
"""Options that a command cannot do without."""

OUT_OF_RANGE = {
    "rows": (0, -1, 65), "cols": (0, 65), "drain_rows": (0, 3, 16), "k_blocks": (0, 4097),
    "fraction_bits": (0, 25), "product_stages": (0, 3), "adder_lanes": (-1, 3, 32), "arrays": (0, 17),
    "result_words": (-1, 2, 32), "stationary_tiles": (0, 256), "data_bits": (0, 63, 96, 1024),
    "address_bits": (15, 65), "queue_depth": (3, 65), "reorder_columns": (-1, 65537),
}  # fmt: skip
"""Numbers that no design takes."""

OTHERS = [
    (["wash"], "wash"),
    (["--wash"], "--wash"),
    (["registers", "more"], "more"),
    (["doctor", "--c"], "--c"),
    (["targets", "ecp5"], "ecp5"),
    (["synth"], "--design"),
    (["place"], "--top"),
    (["place", "--top", "mx_converter"], "mx_converter"),
    (["place", *NEEDED["place"], "--arrays", "2"], "arrays"),
    (["place", *NEEDED["place"], "--target", "xilinx"], "xilinx"),
    (["place", *NEEDED["place"], "--rows", "3", "--drain-rows", "2"], "2"),
    (["calibrate"], "--model"),
    (["calibrate", "--model", "x"], "--pipeline"),
    (["verilog", "--name", "mine"], "--top"),
    (["verilog", "--top", "all", "--name", "mine"], "--top"),
    (["verilog", "--top", "mx_stream", "--cols", "5"], "5"),
    (["verilog", "--top", "mx_stream", "--cols", "32"], "32"),
    (["verilog", "--top", "mixdit_gemm", "--cols", "3"], "3"),
    (["verilog", "--top", "mixdit_gemm", "--k-blocks", "7"], "7"),
    (["verilog", "--top", "mx_array", "--rows", "6", "--drain-rows", "4"], "4"),
    (["verilog", "--top", "mx_array", "--name", "1st"], "1st"),
    (["verilog", "--top", "mx_array", "--name", ""], "''"),
    (["verilog", "--top", "mx_array", "--name", "a/b"], "a/b"),
    (["verilog", "--top", "mx_array", "--name", "module"], "module"),
    (["synth", "--design", "nothing"], "nothing"),
    (["synth", "--design", "no.such:thing"], "no.such"),
    (["synth", "--design", "gen.cli:nothing"], "nothing"),
    (["synth", "--design", "gen:__version__"], "gen:__version__"),
    (["synth", "--design", "gen.cli"], "gen.cli"),
    (["synth", "--design", ":"], "':'"),
    (["synth", "--design", "pe", "--rows", "2"], "rows"),
    (["synth", "--design", "grid", "--arrays", "2"], "arrays"),
    (["calibrate", *NEEDED["calibrate"], "--prompts", "x"], "--prompts"),
    (["calibrate", *NEEDED["calibrate"], "--labels", "1,x"], "1,x"),
    (["calibrate", "--model", "x", "--pipeline", "sd3", "--prompts", "/none"], "/none"),
    (["quality", "--json", "--csv"], "--csv"),
    (["quality", "--check", "--variant", "MX6"], "--variant"),
    (["quality", "--variant", "MX5"], "MX5"),
    (["quality", "--n", "2", "--n", "3"], "[2, 3]"),
    (["sample", "--variant", "MX5"], "MX5"),
    (["sample", "--backend", "gpu"], "gpu"),
]
"""Calls that cannot be used and follow from no table, each with what its error must name."""

FAILURES = [
    (["synth", "--design", "converter", "--seeds", "0", "--without", "nothing", "--store", "s"], "nothing"),
    (["synth", "--design", "converter", "--seeds", "0", "--only", "nothing", "--store", "s"], "nothing"),
    (["verilog", "--top", "mx_converter", "-o", "file"], "file"),
    (["verilog", "--top", "mx_converter", "-o", "file/below"], "file/below"),
    (["verilog", "--top", "mx_converter", "-o", "/dev/null/x"], "/dev/null/x"),
    (["verilog", "--top", "mx_converter", "-o", "/proc/none"], "/proc/none"),
    (["registers", "-o", "folder"], "folder"),
    (["registers", "-o", "file/below"], "file"),
    (["registers", "--c", "-o", "/proc/none"], "/proc/none"),
    (["synth", "--design", "quantizer", "--store", "file"], "file"),
    (["place", "--top", "mx_array", "--rows", "1", "--cols", "1", "--store", "file"], "file"),
    (["demo", "-o", "file"], "file"),
    (["demo", "-o", "file/below"], "file/below"),
    (["run", "folder"], "folder"),
    (["run", "nowhere"], "nowhere"),
]
"""Calls of which only the machine knows that they fail."""


def wrong_values(option) -> Iterator[str]:
    """Values that an option cannot take."""
    wanted = option.type_descriptor
    kinds = [wanted.annotation, *getattr(wanted.annotation, "__args__", ())]
    if int in kinds:
        yield from ("eight", "2.5", "", "0x10")
    elif float in kinds:
        yield from ("fast", "", "1,5")
    if wanted.choices is not None or option.name in ("top", "family", "placer", "target"):
        yield from ("nope", "", "ECP5")
    low, high = wanted.parameter_info.min, wanted.parameter_info.max
    yield from (str(bound + step) for bound, step in ((low, -1), (high, 1)) if bound is not None)


def calls() -> Iterator[tuple[list[str], str]]:
    """Wrong calls, each with a text that its error must have."""
    for name, command in GROUP.commands.items():
        for option in command.params:
            long = max(option.opts, key=len)
            needed = NEEDED.get(name, [])
            if option.param_type_name == "argument":
                yield from (([name, value], repr(value)) for value in wrong_values(option))
                continue
            if option.is_flag:
                yield [name, *needed, f"{long}=yes"], long
            else:
                yield from (([name, *needed, long, value], repr(value)) for value in wrong_values(option))
                yield [name, *needed, long], long
            yield [name, *needed, f"{long}x"], f"{long}x"
    for name, design in DESIGNS.items():
        for parameter in PARAMETERS:
            option = f"--{parameter.replace('_', '-')}"
            if parameter not in design.parameters:
                value = "ecp5" if parameter == "target" else "8"
                yield ["verilog", "--top", name, option, value], parameter
            for value in OUT_OF_RANGE.get(parameter, ()) if parameter in design.parameters else ():
                yield ["verilog", "--top", name, option, str(value)], f"{parameter} must"
    yield from OTHERS


CALLS = [
    pytest.param(arguments, named, status, id=" ".join(arguments))
    for status, found in ((2, calls()), (1, FAILURES))
    for arguments, named in found
]


def test_there_are_enough():
    assert len(CALLS) >= 300
    assert {call.values[0][0] for call in CALLS} >= set(GROUP.commands)


@pytest.mark.parametrize(("arguments", "named", "status"), CALLS)
def test_a_wrong_call_is_one_line_and_writes_nothing(arguments, named, status, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    out, err = capsys.readouterr()
    err = re.sub(r"^\d+/\d+ .*\n", "", err)  # progress
    assert caught.value.code == status
    assert (out, err.count("\n")) == ("", 1), err
    assert err.startswith("mixdit: ")
    assert named in err
    assert (tmp_path / "file").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} - {"build", "s"} == {"file", "folder"}
    assert list((tmp_path / "folder").iterdir()) == []
