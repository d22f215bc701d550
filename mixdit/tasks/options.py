"""Options of commands that run tasks."""

from typing import Annotated

import typer

from mixdit.require import require
from mixdit.tasks.executor import Executor

__all__ = ["Scheduler", "executor_of"]

Scheduler = Annotated[
    str | None,
    typer.Option(help="Address of a Dask scheduler, whose workers do the work.", show_default="here"),
]


def executor_of(jobs: int, scheduler: str | None) -> Executor:
    """The cluster of a scheduler, or so many processes. Raises ModuleNotFoundError for want of Dask."""
    from mixdit.tasks.cluster import Cluster
    from mixdit.tasks.processes import Processes

    if scheduler is None:
        return Processes(jobs)
    require("distributed")
    return Cluster(scheduler)
