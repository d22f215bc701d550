"""The packaging script takes the Verilog and names the IP; plain Tcl runs it."""

from pathlib import Path

import pytest

import gen
from verif.gen.tcl_calls import tcl_calls
from verif.needs import needs

pytestmark = needs("tclsh")

COMMANDS = (
    *("create_project", "add_files", "set_property", "current_fileset"),
    *("ipx::package_project", "ipx::current_core", "ipx::create_xgui_files"),
    *("ipx::update_checksums", "ipx::check_integrity", "ipx::save_core"),
)
"""Of Vivado."""


@pytest.mark.parametrize("arguments", [(), ("some folder",)])
def test_script_packages_the_verilog(package, exported, arguments):
    calls = tcl_calls(exported / "package_ip.tcl", COMMANDS, arguments)
    added = [words[-1] for command, *words in calls if command == "add_files"]
    assert added == [str(exported / name) for name in package.verilog]
    (packaged,) = (words for command, *words in calls if command == "ipx::package_project")
    root = Path.cwd() / (*arguments, "ip_repo")[0] / package.name
    assert packaged[packaged.index("-root_dir") + 1] == str(root)
    properties = {(words[2], words[0]): words[1] for command, *words in calls if command == "set_property"}
    core = {name: value for (owner, name), value in properties.items() if owner == "ipx::current_core"}
    assert properties["current_fileset", "top"] == core["name"] == package.name
    assert core["description"] == package.manifest["summary"]
    assert gen.__version__.startswith(f"{core['version']}.")
    assert calls[-1] == ["ipx::save_core", "ipx::current_core"]
