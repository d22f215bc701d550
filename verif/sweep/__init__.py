"""Legal parameters of every design through export, lint and simulation: ``python -m verif.sweep --help``.

``space``: the legal values of every parameter, and sets drawn from them. ``check``: one set through all
tools. ``__main__``: the command.
"""
