"""Files that tools import an exported design with, each kind made by a module of its own.

``export``: what all of them are made from. A flow is a function from that to the files it adds:
``testbench``, ``template``, ``file_list``, ``fusesoc``, ``c``.
"""
