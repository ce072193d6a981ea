"""The size ratchet: what is too long to be read at night fails, what gets long is said aloud."""

import ast
import warnings
from pathlib import Path

import pytest

from tests.contracts.repository import ROOT, SOURCE, expect_none, files, shown

FILE_AIM, FILE_LIMIT = 400, 600
FUNCTION_AIM, FUNCTION_LIMIT = 40, 80
TEST_FILE_LIMIT = 800
WEB_FILE_LIMIT = 400


def line_count(source: str) -> int:
    return source.count("\n") + (not source.endswith("\n") and bool(source))


def function_lengths(source: str) -> list[tuple[str, int, int]]:
    """Name, first line and length of every function; a docstring does not count as length."""
    lengths = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if ast.get_docstring(node) is not None:
                docstring = node.body[0]
                length -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
            lengths.append((node.name, node.lineno, length))
    return lengths


def too_long_functions(name: str, source: str, limit: int) -> list[str]:
    return [
        f"{name}:{line} {function}: {length} lines, limit {limit}"
        for function, line, length in function_lengths(source)
        if length > limit
    ]


def too_long_file(name: str, source: str, limit: int) -> list[str]:
    lines = line_count(source)
    return [f"{name}: {lines} lines, limit {limit}"] if lines > limit else []


def findings(paths: list[Path], *, file_limit: int, function_limit: int | None) -> list[str]:
    found = []
    for path in paths:
        source = path.read_text(encoding="utf-8")
        found += too_long_file(shown(path), source, file_limit)
        if function_limit is not None:
            found += too_long_functions(shown(path), source, function_limit)
    return found


def test_no_source_file_or_function_is_beyond_its_limit() -> None:
    paths = [*files(".py", under=SOURCE), *files(".py", under=ROOT / "scripts")]

    expect_none(findings(paths, file_limit=FILE_LIMIT, function_limit=FUNCTION_LIMIT))


def test_no_sql_file_is_beyond_its_limit() -> None:
    expect_none(findings(files(".sql", under=SOURCE), file_limit=FILE_LIMIT, function_limit=None))


def test_no_test_or_bench_file_is_beyond_its_limit() -> None:
    paths = [*files(".py", under=ROOT / "tests"), *files(".py", under=ROOT / "bench")]

    expect_none(findings(paths, file_limit=TEST_FILE_LIMIT, function_limit=FUNCTION_LIMIT))


def test_no_file_of_the_web_client_is_beyond_its_limit() -> None:
    paths = files(".ts", ".tsx", ".css", under=ROOT / "web" / "src")

    expect_none(findings(paths, file_limit=WEB_FILE_LIMIT, function_limit=None))


def test_what_is_beyond_the_aim_is_said_aloud() -> None:
    long = findings(files(".py", under=SOURCE), file_limit=FILE_AIM, function_limit=FUNCTION_AIM)

    for finding in long:
        warnings.warn(f"above the aim: {finding}", stacklevel=1)


@pytest.mark.parametrize(("lines", "caught"), [(80, False), (81, True)])
def test_a_function_beyond_the_limit_is_caught(lines: int, caught: bool) -> None:
    source = "def long():\n" + "    pass\n" * (lines - 1)

    assert bool(too_long_functions("seeded.py", source, FUNCTION_LIMIT)) is caught


@pytest.mark.parametrize(("lines", "caught"), [(600, False), (601, True)])
def test_a_file_beyond_the_limit_is_caught(lines: int, caught: bool) -> None:
    assert bool(too_long_file("seeded.py", "x = 1\n" * lines, FILE_LIMIT)) is caught


def test_a_docstring_does_not_make_a_function_long() -> None:
    source = 'def short():\n    """Say much.\n' + "    more\n" * 90 + '    """\n    return 1\n'

    assert too_long_functions("seeded.py", source, FUNCTION_LIMIT) == []
