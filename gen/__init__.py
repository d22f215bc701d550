"""Export of the hardware as Verilog, and the command ``mixdit``.

``designs``: what can be exported, with its parameters, ports and registers.
``verilog``: a component as Verilog text, which ``tidy`` cleans up; ``module_names``: names of its modules.
``bench``: benches of designs. ``flows``: files for other tools; ``cells``: models of FPGA cells; ``c``:
programs for engines. ``package``: all files of an exported design; ``package_store``: those of earlier
exports. ``files``: writing them; ``markdown``: tables, and parts of pages that commands write.
``cli``: the command, also as ``python -m gen`` (``__main__``); ``application``: its subcommands, here
``verilog_command``, ``registers_command``, ``targets_command``, ``doctor_command``. ``options``: options that
these share. ``extras``: the Python packages that they need.
``synth``: size and speed on FPGAs. ``store``: results kept by content.
``widths``: a check that no assignment of a design drops bits of its value unsaid.
"""

__version__ = "0.1.0"
