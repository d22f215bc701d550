"""What the tests run of the exported Verilog and of the Python: lines, toggles, branches."""
