"""The rules that ruff and import-linter hold are in force: a seeded fault of each kind is caught."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.contracts.repository import RANKS, ROOT, SOURCE

BIN = Path(sys.executable).parent
OUTSIDE_KERNEL = "src/amana/people/seeded.py"


def skeleton(folder: Path) -> Path:
    """An empty product with every rank."""
    package = folder / "amana"
    for name in RANKS:
        (package / name).mkdir(parents=True)
        (package / name / "__init__.py").touch()
    (package / "__init__.py").touch()
    return package


def seed(package: Path, importer: str, imported: str) -> None:
    """Let one module import another; both are made, with the folders above them."""
    other = Path(*imported.split(".")[1:]).with_suffix(".py")
    for name in (importer, str(other)):
        path = package / name
        if not path.with_suffix("").is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            for folder in list(path.relative_to(package).parents)[:-1]:
                (package / folder / "__init__.py").touch()
    (package / importer).write_text(f"import {imported}\n")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "lint-imports", "--no-logo", "--no-cache", "--config", ROOT / "pyproject.toml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def check_edge(folder: Path) -> subprocess.CompletedProcess[str]:
    script = [sys.executable, str(ROOT / "scripts" / "check_edge.py"), str(folder)]
    return subprocess.run(script, capture_output=True, text=True, check=False)


def lint(source: str, *, named: str) -> str:
    return subprocess.run(
        [BIN / "ruff", "check", "--no-cache", "--output-format=concise", "--stdin-filename", named, "-"],
        cwd=ROOT,
        input=source,
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def test_every_folder_has_a_rank() -> None:
    folders = {path.parent.name for path in SOURCE.glob("*/__init__.py")}

    assert folders - set(RANKS) == set()


def test_a_product_without_faults_passes(tmp_path: Path) -> None:
    skeleton(tmp_path)

    checked = lint_imports(tmp_path)

    assert checked.returncode == 0, checked.stdout
    assert check_edge(tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("kernel/ids.py", "amana.storage"),
        ("events/log.py", "amana.people"),
        ("vault/seal.py", "amana.events"),
        ("people/service.py", "amana.conversations"),
        ("conversations/hooks.py", "amana.realtime"),
        ("people/hooks.py", "amana.realtime"),
    ],
)
def test_an_import_against_the_ranks_is_caught(tmp_path: Path, importer: str, imported: str) -> None:
    seed(skeleton(tmp_path), importer, imported)

    checked = lint_imports(tmp_path)

    assert checked.returncode == 1, checked.stdout
    assert "BROKEN" in checked.stdout


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("people/service.py", "amana.http"),
        ("people/service.py", "amana.people.http"),
        ("conversations/queries.py", "amana.people.http"),
        ("conversations/model.py", "amana.http.context"),
        ("conversations/messages/service.py", "amana.http"),
        ("conversations/private/stars/service.py", "amana.conversations.private.stars.http"),
        ("people/sign_in.py", "amana.people.sign_in_http"),
        ("people/accounts.py", "amana.people.wire"),
        ("conversations/socket.py", "amana.conversations.messages.http"),
    ],
)
def test_what_decides_and_knows_the_edge_is_caught(tmp_path: Path, importer: str, imported: str) -> None:
    seed(skeleton(tmp_path), importer, imported)

    checked = check_edge(tmp_path)

    assert checked.returncode == 1, checked.stderr
    assert imported in checked.stdout


def test_a_way_to_the_edge_through_another_module_is_caught(tmp_path: Path) -> None:
    package = skeleton(tmp_path)
    seed(package, "people/queries.py", "amana.http")
    seed(package, "conversations/rules.py", "amana.people.queries")
    (package / "people/queries.py").write_text("import amana.http\n")

    assert "amana.conversations.rules → amana.people.queries → amana.http" in check_edge(tmp_path).stdout


def test_nothing_that_decides_knows_the_edge() -> None:
    assert check_edge(SOURCE.parent).stdout == ""


def test_a_folder_without_rank_is_caught(tmp_path: Path) -> None:
    package = skeleton(tmp_path)
    (package / "extras").mkdir()
    (package / "extras" / "__init__.py").touch()

    assert lint_imports(tmp_path).returncode == 1


@pytest.mark.parametrize(
    "read",
    [
        "import time\n\nNOW = time.time()\n",
        "import time\n\nNOW = time.monotonic()\n",
        "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n",
        "import os\n\nSALT = os.urandom(16)\n",
        "import secrets\n\nTOKEN = secrets.token_bytes(32)\n",
        "import random\n\nDICE = random.random()\n",
        "from uuid import uuid4\n\nNAME = uuid4()\n",
    ],
)
def test_time_and_randomness_outside_the_kernel_are_caught(read: str) -> None:
    source = f'"""Seeded."""\n\n{read}'

    assert "TID251" in lint(source, named=OUTSIDE_KERNEL)
    assert "TID251" not in lint(source, named="src/amana/kernel/seeded.py")


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        ("ANN401", "from typing import Any\n\n\ndef f(x: Any) -> None: ...\n"),
        ("BLE001", "try:\n    print()\nexcept Exception:\n    pass\n"),
        ("DTZ005", "from datetime import datetime\n\nNOW = datetime.now()\n"),
        ("FBT001", "def f(x: int, loud: bool) -> None: ...\n"),
        ("S608", 'def f(t: str) -> str:\n    return f"SELECT x FROM {t}"\n'),
        ("T201", "print()\n"),
        ("FIX002", "# TODO: later\n"),
    ],
)
def test_what_the_house_style_forbids_is_caught(rule: str, source: str) -> None:
    assert rule in lint(f'"""Seeded."""\n\n{source}', named=OUTSIDE_KERNEL)
