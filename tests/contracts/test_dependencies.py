"""Every dependency has a reason and a licence that does not bind ours."""

import json
import re
import tomllib
from collections.abc import Iterable

from tests.contracts.repository import ROOT, expect_none

PAGE = ROOT / "docs" / "dependencies.md"
ROW = re.compile(
    r"^\| (?!package )(?P<package>[@a-z0-9/._-]+) \| (?P<reason>[^|]+) \| (?P<licence>[^|]+) \|$",
    re.MULTILINE,
)
BINDING = re.compile(r"\b(A|L)?GPL|SSPL|BUSL|Commons Clause", re.IGNORECASE)


def declared() -> set[str]:
    """Every package that the server, the client, their tests or their build asks for by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    client = json.loads((ROOT / "web" / "package.json").read_text())
    wanted = [
        *project["project"]["dependencies"],
        *(one for extra in project["project"]["optional-dependencies"].values() for one in extra),
        *(one for group in project["dependency-groups"].values() for one in group),
    ]
    names = {re.split(r"[<>=!~\[; ]", one, maxsplit=1)[0] for one in wanted}
    return names | client["dependencies"].keys() | client["devDependencies"].keys()


def faults(packages: Iterable[str], page: str) -> list[str]:
    rows = {row["package"]: row for row in ROW.finditer(page)}
    wanted = set(packages)
    binding = [name for name, row in rows.items() if BINDING.search(row["licence"])]
    return [
        *(f"{name} has no row" for name in sorted(wanted - rows.keys())),
        *(f"{name} is not used" for name in sorted(rows.keys() - wanted)),
        *(f"{name} is under a binding licence" for name in binding),
    ]


def test_every_dependency_has_a_reason_and_a_licence() -> None:
    expect_none(faults(declared(), PAGE.read_text()))


def test_a_missing_a_left_over_and_a_binding_row_are_caught() -> None:
    page = "| kept | because | MIT |\n| old | because | MIT |\n| bound | because | AGPL-3.0 |\n"

    assert faults({"kept", "bound", "new"}, page) == [
        "new has no row",
        "old is not used",
        "bound is under a binding licence",
    ]
