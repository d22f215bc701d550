"""Ports that take their time, and ports that fail."""

import numpy as np

from golden.engine import DESCRIPTOR_REGISTERS, REGISTERS, decode_list
from mixdit.driver import ModelPort, PortError

STATUS = REGISTERS["STATUS"]


class QueuedPort(ModelPort):
    """The golden model with a queue: a job runs when somebody waits, not when its doorbell rings.

    Entries of a list are fetched as the queue has room, when somebody waits.
    """

    def __init__(self, *args, **kwargs):
        self.queue = []  # staged words, and whether the job ends a list
        self.entries = []  # that are not fetched
        super().__init__(*args, **kwargs)

    def wait(self, seconds: float) -> None:
        if STATUS["error"].get(self._words["STATUS"]):
            return
        self._fetch()
        if not self.queue:
            return
        staged, (job, ends_list) = self._staged(), self.queue[0]
        try:
            self._words |= job
            self._run_now()
            self._words["JOBS_SUBMITTED"] -= 1  # counted at the doorbell
            self.queue = self.queue[1:]
            if ends_list:
                self._words["LISTS_DONE"] += 1
                self._words["INTERRUPT_STATUS"] |= REGISTERS["INTERRUPT_STATUS"]["list"].mask
            self._fetch()
        finally:
            self._words |= staged
            self._show()

    def _run_now(self) -> None:
        super()._run()

    def _run_list(self) -> None:
        if STATUS["error"].get(self._words["STATUS"]) or self.entries:
            raise PortError("the list's doorbell was refused")
        address = self._words["LIST_ADDRESS_HIGH"] << 32 | self._words["LIST_ADDRESS_LOW"]
        self.entries = decode_list(self._bytes, address, self.memory.start)
        self._show()

    def _fetch(self) -> None:
        """Queue entries of a list while there is room, one at least left behind for the next time."""
        while len(self.entries) > 1 and len(self.queue) < self.parameters.queue_depth - 1:
            self._fetch_one()
        if len(self.queue) == 0 and self.entries:
            self._fetch_one()

    def _fetch_one(self) -> None:
        entry, *self.entries = self.entries
        words = entry.descriptor.words()
        job = {r.name: word for r, word in zip(DESCRIPTOR_REGISTERS, words, strict=True)}
        self.queue.append((job, not self.entries))
        self._words["JOBS_SUBMITTED"] += 1

    def _run(self) -> None:
        if STATUS["error"].get(self._words["STATUS"]) or STATUS["full"].get(self._words["STATUS"]):
            raise PortError("the doorbell was refused")
        self.queue.append((self._staged(), False))
        self._words["JOBS_SUBMITTED"] += 1
        self._show()

    def _clear(self) -> None:
        self.queue, self.entries = [], []
        super()._clear()

    def _staged(self) -> dict[str, int]:
        return {register.name: self._words[register.name] for register in DESCRIPTOR_REGISTERS}

    def _show(self) -> None:
        waiting, fetching = len(self.queue), len(self.entries) > 0
        self._words["STATUS"] = STATUS.pack(
            busy=int(waiting > 0),
            full=int(fetching or waiting >= self.parameters.queue_depth),
            list=int(fetching or any(ends_list for _, ends_list in self.queue)),
            fetching=int(fetching),
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
