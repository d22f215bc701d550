"""Export of the hardware as Verilog, and the ``mixdit`` command."""
