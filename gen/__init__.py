"""Export of the hardware as Verilog, and the command ``mixdit``.

``designs``: what can be exported, with its parameters. ``ports``: what their ports mean.
``verilog``: a component as Verilog text; ``module_names``: names of its modules. ``bench``: benches of
designs. ``package``: the files of an exported design; ``package_store``:
those of earlier exports. ``files``: writing them.
``register_map``: the engine's registers as a page and as a C header. ``c``: a driver in C on top of it.
``cli``: the command, also as ``python -m gen`` (``__main__``); ``verilog_command``: ``mixdit verilog``;
``registers_command``: ``mixdit registers``; ``options``: options of commands for the parameters of designs.
``synth``: size and speed on FPGAs. ``store``: results kept by content.
``widths``: a check that no assignment of a design drops bits of its value unsaid.
"""

__version__ = "0.1.0"
