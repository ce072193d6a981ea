"""What somebody wrote never gets into a log, not even inside an exception."""

import subprocess
import sys

SECRET = "what Ana wrote to Bo"

FAIL = f"""
def fail():
    raise ValueError("cannot decode {SECRET!r}")
"""
LOG_IT = """
import logging, structlog
from amana.app.logs import configure_logs
from amana.app.settings import LogLevel
configure_logs(LogLevel.INFO)
try:
    fail()
except ValueError as error:
    structlog.get_logger("a").error("read failed", exc_info=error)
    structlog.get_logger("b").exception("read failed again")
    logging.getLogger("library").exception("library failed")
"""


def said_by(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60).stderr


def test_an_exception_is_logged_by_kind_and_place_and_without_its_text() -> None:
    said = said_by(FAIL + LOG_IT)

    assert said.count("ValueError") == 3
    assert said.count(" fail") >= 3
    assert SECRET not in said


def test_the_control_shows_that_the_text_would_be_there_otherwise() -> None:
    assert SECRET in said_by(FAIL + "\nfail()")
