"""Refusals of threads."""

from amana.kernel.errors import Conflict, Invalid


class ThreadsOff(Conflict):
    """Answers of this room are quotes in its stream."""

    code = "threads_off"

    def __init__(self) -> None:
        super().__init__("This room has no threads; answer with a quote.")


class ThreadInvalid(Invalid):
    """No thread can begin there: no message, removed or erased, or itself an answer in a thread."""

    code = "thread_invalid"

    def __init__(self, *, seq: int) -> None:
        super().__init__("There is no message that a thread could stand under.", field="thread", seq=seq)


ALL: tuple[type[Exception], ...] = (ThreadsOff, ThreadInvalid)
