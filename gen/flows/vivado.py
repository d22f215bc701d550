"""Packaging by Vivado."""

from collections.abc import Iterator

from gen.flows.export import Export, File
from gen.flows.ip_xact import VIVADO_FAMILIES
from gen.flows.tcl import quoted

__all__ = ["vivado"]


def vivado(export: Export) -> Iterator[File]:
    """A script that makes an IP of the Verilog, for those who want the IP to be Vivado's own work."""
    name = export.name
    sources = "\n".join(f"  {file}" for file in export.sources)
    families = " ".join(f"{family} Production" for family in VIVADO_FAMILIES)
    yield File(
        name="package_ip.tcl",
        kind="Vivado script",
        text=f"""\
# Makes an IP of {name}; its interfaces come from the attributes in {name}.v:
#   vivado -mode batch -source package_ip.tcl -tclargs FOLDER
# writes FOLDER/{name} (ip_repo/{name} without FOLDER), which holds copies of the Verilog.
{export.header("#")}
set here [file dirname [file normalize [info script]]]
set folder [expr {{$argc > 0 ? [lindex $argv 0] : "ip_repo"}}]
set root [file normalize [file join $folder {name}]]
set sources {{
{sources}
}}

create_project -in_memory
foreach source $sources {{
  add_files -norecurse [file join $here $source]
}}
set_property top {name} [current_fileset]
ipx::package_project -root_dir $root -vendor mixdit -library rtl -taxonomy /UserIP -import_files -force

set core [ipx::current_core]
set_property name {name} $core
set_property version {".".join(export.version.split(".")[:2])} $core
set_property display_name {name} $core
set_property description {quoted(export.design.summary)} $core
set_property supported_families {{{families}}} $core
ipx::create_xgui_files $core
ipx::update_checksums $core
ipx::check_integrity $core
ipx::save_core $core
""",
    )
