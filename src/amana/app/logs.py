"""Structured logs: an event name plus key=value; never content, tokens or keys."""

import logging
import sys

import structlog


def configure_logs(level: str) -> None:
    """Send structlog and the libraries' logging to stderr: lines for people, JSON for machines."""
    numeric = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
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
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries may put request lines and parameters into their messages: only their warnings pass.
    logging.basicConfig(level=max(numeric, logging.WARNING), format="%(name)s %(levelname)s %(message)s")
