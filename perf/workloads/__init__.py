"""What networks do: every matrix product and all traffic besides, found by calling them.

A module of PyTorch goes in, on the device meta or a real one; a workload comes out.

``operation``: one operation. ``kinds``: which kind an operator is. ``recorder``: notes every operator.
``workload``: all operations of one call. ``extract``: the call.
``models``: published networks, from the files of ``configurations``.
``tables``: all of it as Markdown. ``page``: where it stands. ``__main__``: the command.
"""
