"""Engines compiled while another one is simulated."""

import os
import signal
import traceback
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Self

from mixdit.sim import EngineHarness
from verif.soak.designs import Design

__all__ = ["Builds"]


class Builds:
    """Compiles one design at a time in a process of its own, which ends with the block that it is used in."""

    def __enter__(self) -> Self:
        self._context = get_context("spawn")
        self._process = None
        return self

    def __exit__(self, *exception: object) -> None:
        if self._process and self._process.is_alive():
            os.killpg(self._process.pid, signal.SIGTERM)  # with the compilers that it started
            self._process.join()

    def start(self, design: Design) -> None:
        """Begin with a design; the one before is done."""
        self._answer, answer = self._context.Pipe(duplex=False)
        self._process = self._context.Process(target=_compile, args=(design, answer))
        self._process.start()
        answer.close()

    def wait(self) -> str:
        """Until it is compiled; what was wrong, or nothing."""
        try:
            return self._answer.recv()
        except EOFError:
            return "the process that compiles has died"
        finally:
            self._process.join()


def _compile(design: Design, answer: Connection) -> None:
    """Bring a design's model into the cache of builds, and say what was wrong."""
    os.setsid()
    try:
        EngineHarness(design.parameters, size=64, **design.build).close()
        answer.send("")
    except Exception:
        answer.send(traceback.format_exc())
