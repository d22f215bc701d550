"""Synthesis with open tools: how large and how fast a design is on an FPGA or in standard cells.

``subjects``: what can be synthesized, and how many multiply-accumulates a cycle it does.
``families``: the FPGA families, their Yosys commands and how their cells are counted. ``liberty``: libraries
of standard cells.
``errors``: what fails. ``tools``: calling Yosys and nextpnr, which come as Python packages, and OpenSTA;
``native_yosys``: for designs that need more memory.
``synthesis``: the step through Yosys. ``placement``: the one through nextpnr. ``trim`` and
``copies``: the netlist steps between them.
``chips``: devices other than ECP5, through nextpnr to a bitstream. ``wrapper``: few pins for any design.
``carry_inputs``: the netlist step for Lattice Nexus.
``standard_cells``: the step through Yosys and ABC to standard cells. ``buffers``: trees on nets with many
loads. ``static_timing``: the step through OpenSTA.
``levels`` and ``fan_out``: the longest chains of logic and the largest fan-outs of a netlist. ``nets`` reads
it, by ``cells``: what a cell does to a path, ``cell_tables``: the cells of each family, and ``names``: what
nets are called in the design.
``flow``: runs of all of it, several at a time. ``request``: what is asked of it. ``result``: what it found.
``with_macros``: processing elements as placed macros on ECP5. ``macro``: one of them. ``logic_tiles``: where
a device has logic. ``floorplan``: where elements are. ``merge``: copies of a macro in a netlist.
``command``: ``mixdit synth``. ``place_command``: ``mixdit place``, and ``place_files`` what it writes.
``progress``: how far they are. ``measured``: what ``mixdit targets`` shows, of the
published report.
"""
