"""Structured logs: an event name plus key=value; never content, tokens or keys.

The text of an exception may quote what somebody wrote (a driver names the row, a decoder the
input), so every log line has its type and the places it came through instead.
"""

import logging
import sys
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog

from amana.app.settings import LogLevel
from amana.kernel.errors import places

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def configure_logs(level: LogLevel) -> None:
    """Send structlog and the libraries' logging to stderr: lines for people, JSON for machines."""
    numeric = logging.getLevelNamesMapping()[level.upper()]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=True)
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_exception_text,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlacesOnly("%(name)s %(levelname)s %(message)s"))
    # Libraries may put request lines and parameters into their messages: only their warnings pass.
    logging.basicConfig(level=max(numeric, logging.WARNING), handlers=[handler], force=True)


def without_exception_text(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Processor for structlog: turns ``exc_info`` into ``kind`` and ``where``."""
    info = event.pop("exc_info", None)
    error = info if isinstance(info, BaseException) else None
    if info is True:
        error = sys.exc_info()[1]
    elif isinstance(info, tuple):
        error = info[1]
    if error is not None:
        event["kind"], event["where"] = type(error).__name__, places(error)
    return event


class PlacesOnly(logging.Formatter):
    """The same for the libraries' logging, asyncio's complaints about lost tasks among it."""

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - the library's name
        error = ei[1]
        return "" if error is None else "\n".join([type(error).__name__, *places(error)])
