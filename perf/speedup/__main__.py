"""``python -m perf.speedup``: ``mixdit speedup``, see ``perf.speedup.command``."""

import typer

from perf.speedup.command import command

if __name__ == "__main__":
    typer.run(command)
