"""What the contract tests read: the files of this repository as they are now."""

import ast
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "amana"
RANKS = (
    "kernel",
    "storage",
    "http",
    "vault",
    "events",
    "evidence",
    "realtime",
    "people",
    "conversations",
    "compliance",
    "backup",
    "app",
    "cli",
)


@cache
def all_files() -> tuple[Path, ...]:
    """Every file that is, or is about to be, in the repository."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = (ROOT / name for name in listed.split("\0") if name)
    return tuple(sorted({path for path in paths if path.is_file()}))


def files(*suffixes: str, under: Path = ROOT) -> list[Path]:
    return [path for path in all_files() if path.suffix in suffixes and path.is_relative_to(under)]


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def domain_of(path: Path) -> str:
    """First folder below ``src/amana``; empty for the package's own files."""
    inside = path.relative_to(SOURCE).parts
    return inside[0] if len(inside) > 1 else ""


def expect_none(found: Iterable[str]) -> None:
    """Fail with one finding a line and nothing else, so that the list can be worked off."""
    lines = list(found)
    if lines:
        pytest.fail(f"{len(lines)} found:\n" + "\n".join(f"  {line}" for line in lines), pytrace=False)


def docstrings(tree: ast.AST) -> set[ast.Constant]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add(first.value)
    return found


def string_constants(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of every string literal (parts of f-strings too) that is not a docstring."""
    tree = ast.parse(source)
    left_out = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in left_out:
            yield node.lineno, node.value
