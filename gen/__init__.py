"""Export of the hardware as Verilog, and the ``mixdit`` command.

``designs``: what can be exported, with its parameters and the meaning of its ports.
``verilog``: conversion of a component to Verilog text.
``package``: the files that make up an exported design. ``package_store``: those of earlier exports.
``files``: writing them.
``cli``: the command; ``options``: its options for the parameters of designs.
"""

__version__ = "0.1.0"
