"""Running a piece of a test as another user of the system, without another interpreter."""

import os
import pickle
import traceback
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def as_user(uid: int, work: Callable[[], T]) -> T:
    """Call ``work`` in a child process of user and group ``uid``; give its result or raise its error.

    Works where the tests' own interpreter lies in a folder which that user may not enter.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            answer: tuple[str, object] = ("done", work())
        except BaseException as error:  # noqa: BLE001  the parent raises it again
            traceback.print_exc()
            answer = ("failed", error)
        os.write(writing, pickle.dumps(answer))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    outcome, value = pickle.loads(told)
    if outcome == "failed":
        raise value
    return value
