"""Many calls in other processes, of this machine or of a Dask cluster: what `mixdit compare`, `quality` and
`explore` have in common.

``task``: a call. ``run``: all of them, and what is done about processes that end. ``executor``: who makes
calls: the calling process, ``processes`` of this machine, each a ``worker``, or a ``cluster``. ``options``:
of the command line. ``progress``: how far they are, for people. ``errors``: what fails.
"""
