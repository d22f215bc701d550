"""Runs a script for a vendor's tool in plain Tcl, with commands that only note how they are called."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

__all__ = ["tcl_calls"]

_WORD, _CALL = "\x1f", "\x1e"

_COMMANDS = """\
package provide qsys 16.1
proc note {{name args}} {{
  puts -nonewline [join [list $name {{*}}$args] {word}]{call}
  return [expr {{[llength $args] ? [lindex $args end] : $name}}]
}}
namespace eval ipx {{}}
foreach name {{{names}}} {{
  interp alias {{}} ::$name {{}} note $name
}}
set argv [list {arguments}]
set argc [llength $argv]
source {{{script}}}
"""


def tcl_calls(script: Path, commands: Sequence[str], arguments: Sequence[str] = ()) -> list[list[str]]:
    """Every call of one of ``commands`` by ``script``: the command and its words, as Tcl split them.

    A command returns its last word, or its name. Any other that plain Tcl lacks is an error.
    """
    text = _COMMANDS.format(
        word="\\x1f",
        call="\\x1e",
        names=" ".join(commands),
        arguments=" ".join(f"{{{word}}}" for word in arguments),
        script=script,
    )
    run = subprocess.run(["tclsh"], input=text, capture_output=True, text=True, check=False)
    assert not run.stderr, run.stderr
    return [call.split(_WORD) for call in run.stdout.split(_CALL)[:-1]]
