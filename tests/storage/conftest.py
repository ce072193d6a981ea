"""Storage is tested on the embedded server and on the oldest supported one, where it is installed."""

from tests.support.floor import postgres

__all__ = ["postgres"]
