"""Files that tools import an exported design with, each kind made by a module of its own.

A flow is a function from an export to the files it adds; the module that makes packages lists them.
``export``: what all are made from. ``buses``: its ports, grouped as tools connect them.

``simulation``, ``testbench``, ``template``, ``vhdl``: to try the design, to place it. ``file_list``,
``fusesoc``: for simulators and FuseSoC. ``vivado_interfaces``: interfaces as Vivado names them, for
``interface_attributes`` in the Verilog and for IP-XACT: ``ip_xact``, ``ip_xact_registers``, ``ip_xact_xml``.
``vivado``, ``quartus``: scripts, in ``tcl``. ``constraints``: timing. ``c``,
``device_tree``: for programs.
"""
