"""Ports that take their time, and ports that fail."""

import numpy as np

from golden.engine import DESCRIPTOR_REGISTERS, REGISTERS
from mixdit.driver import ModelPort, PortError

STATUS = REGISTERS["STATUS"]


class QueuedPort(ModelPort):
    """The golden model with a queue: a job runs when somebody waits, not when its doorbell rings."""

    def __init__(self, *args, **kwargs):
        self.queue = []
        super().__init__(*args, **kwargs)

    def wait(self, seconds: float) -> None:
        if not self.queue or STATUS["error"].get(self._words["STATUS"]):
            return
        staged, job = self._staged(), self.queue[0]
        try:
            self._words |= job
            super()._run()
            self._words["JOBS_SUBMITTED"] -= 1  # counted at the doorbell
            self.queue = self.queue[1:]
        finally:
            self._words |= staged
            self._show()

    def _run(self) -> None:
        if STATUS["error"].get(self._words["STATUS"]) or STATUS["full"].get(self._words["STATUS"]):
            raise PortError("the doorbell was refused")
        self.queue.append(self._staged())
        self._words["JOBS_SUBMITTED"] += 1
        self._show()

    def _clear(self) -> None:
        self.queue = []
        super()._clear()

    def _staged(self) -> dict[str, int]:
        return {register.name: self._words[register.name] for register in DESCRIPTOR_REGISTERS}

    def _show(self) -> None:
        waiting = len(self.queue)
        self._words["STATUS"] = STATUS.pack(
            busy=int(waiting > 0),
            full=int(waiting >= self.parameters.queue_depth),
            error=STATUS["error"].get(self._words["STATUS"]),
        )


class FailingPort:
    """A port whose access number ``fails_at`` from now on raises ``error``, before or after its effect."""

    def __init__(self, port, error: type[BaseException], *, after: bool):
        self.port, self.error, self.after = port, error, after
        self.memory = port.memory
        self.fails_at = None
        self.writes = 0

    def read32(self, offset: int) -> int:
        return self._access(self.port.read32, offset)

    def write32(self, offset: int, value: int) -> None:
        self.writes += 1
        self._access(self.port.write32, offset, value)

    def read_memory(self, address: int, size: int) -> np.ndarray:
        return self._access(self.port.read_memory, address, size)

    def write_memory(self, address: int, data: np.ndarray) -> None:
        self.writes += 1
        self._access(self.port.write_memory, address, data)

    def wait(self, seconds: float) -> None:
        self._access(self.port.wait, seconds)

    def _access(self, access, *args):
        now = self.fails_at == 0
        if self.fails_at is not None:
            self.fails_at = None if now else self.fails_at - 1
        if now and not self.after:
            raise self.error
        result = access(*args)
        if now:
            raise self.error
        return result
