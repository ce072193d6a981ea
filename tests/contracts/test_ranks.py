"""The rules that ruff and import-linter hold are in force: a seeded fault of each kind is caught."""

import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.repository import RANKS, ROOT, SOURCE, files

BIN = Path(sys.executable).parent
DOMAINS = ("people", "conversations")
EDGE = {"http", "wire", "visits", "sign_in_http"}
OUTSIDE_KERNEL = "src/amana/people/seeded.py"


def modules_of_domains() -> list[str]:
    paths = [path for domain in DOMAINS for path in files(".py", under=SOURCE / domain)]
    names = [".".join(path.relative_to(SOURCE.parent).with_suffix("").parts) for path in paths]
    return [name for name in names if not name.endswith(".__init__")]


def edge_modules() -> set[str]:
    return {name for name in modules_of_domains() if name.rpartition(".")[2] in EDGE}


def deciding_modules() -> set[str]:
    return set(modules_of_domains()) - edge_modules()


def edge_rule() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts: Iterable[dict[str, Any]] = project["tool"]["importlinter"]["contracts"]
    (rule,) = (one for one in contracts if one["name"] == "What decides does not know the edge")
    return rule


def skeleton(folder: Path) -> Path:
    """An empty product with every rank and the domains' modules."""
    package = folder / "amana"
    for name in RANKS:
        (package / name).mkdir(parents=True)
        (package / name / "__init__.py").touch()
    (package / "__init__.py").touch()
    for name in [*deciding_modules(), *edge_modules()]:
        path = folder.joinpath(*name.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name("__init__.py").touch()
        path.touch()
    return package


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "lint-imports", "--no-logo", "--no-cache", "--config", ROOT / "pyproject.toml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


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


def test_the_rule_about_the_edge_names_every_module_of_the_domains() -> None:
    rule = edge_rule()

    assert set(rule["source_modules"]) == deciding_modules()
    assert set(rule["forbidden_modules"]) == edge_modules() | {"amana.http"}


def test_a_product_without_faults_passes(tmp_path: Path) -> None:
    skeleton(tmp_path)

    checked = lint_imports(tmp_path)

    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("kernel/ids.py", "amana.storage"),
        ("events/log.py", "amana.people"),
        ("vault/seal.py", "amana.events"),
        ("people/service.py", "amana.conversations"),
        ("conversations/hooks.py", "amana.realtime"),
        ("people/hooks.py", "amana.realtime"),
        ("people/service.py", "amana.http"),
        ("people/service.py", "amana.people.http"),
        ("conversations/queries.py", "amana.people.http"),
        ("conversations/model.py", "amana.http"),
        ("conversations/messages/service.py", "amana.http"),
        ("conversations/writing.py", "amana.http"),
        ("people/sign_in.py", "amana.http"),
        ("people/accounts.py", "amana.people.wire"),
        ("conversations/socket.py", "amana.conversations.messages.http"),
    ],
)
def test_an_import_against_the_ranks_is_caught(tmp_path: Path, importer: str, imported: str) -> None:
    package = skeleton(tmp_path)
    (package / importer).parent.mkdir(exist_ok=True)
    (package / importer).with_name("__init__.py").touch()
    (package / importer).write_text(f"import {imported}\n")

    checked = lint_imports(tmp_path)

    assert checked.returncode == 1, checked.stdout
    assert "BROKEN" in checked.stdout


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
