"""A read without a proof does not type-check, and proofs are made in a few named places only."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import amana
from amana.vault import READABLE, CaseProof, ExportProof, Ground, MemberProof, ReaderProof, SystemProof

SOURCE = Path(amana.__file__).parent
# Domain → the kinds of proof that its permission code may issue.
ISSUERS = {
    "backup": {"system"},
    # A person's own words that are not said yet, and the job that says them.
    "conversations": {"member", "person", "export", "system"},
    "evidence": {"system"},
}

MYPY = ("--strict", "--ignore-missing-imports", "--no-error-summary")
PREAMBLE = """
from uuid import UUID
from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.storage.database import Tx
from amana.vault import MemberProof, Stored, Unreadable, Vault, issue
from amana.vault.proofs import ReaderProof

async def read(vault: Vault, tx: Tx, items: list[Stored], proof: ReaderProof) -> list[bytes | Unreadable]:
    org, user, room = OrgId(UUID(int=1)), UserId(UUID(int=2)), ConversationId(UUID(int=3))
"""
ISSUED = "issue.member(org_id=org, user_id=user, conversation_id=room, visible_from=Seq(1))"
SNIPPETS = {
    "with a proof": ("return await vault.open(tx, proof, items)", None),
    "with an issued proof": (
        f"return await vault.open(tx, {ISSUED}, items)",
        None,
    ),
    "without a proof": ("return await vault.open(tx, items)", "call-arg"),
    "with None": ("return await vault.open(tx, None, items)", "arg-type"),
    "with the reader's id": ("return await vault.open(tx, user, items)", "arg-type"),
    "with a proof from ids alone": (
        "return await vault.open(tx, MemberProof(org, user, room, Seq(1)), items)",
        "call-arg",
    ),
    "with a faked seal": (
        "return await vault.open(tx, MemberProof(org, user, room, Seq(1), True), items)",
        "arg-type",
    ),
}


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What mypy --strict says about each snippet; one run for all of them."""
    folder = tmp_path_factory.mktemp("snippets")
    names = {f"snippet{number}.py": title for number, title in enumerate(SNIPPETS)}
    for name, title in names.items():
        (folder / name).write_text(f"{PREAMBLE}    {SNIPPETS[title][0]}\n")
    run = subprocess.run(
        [sys.executable, "-m", "mypy", *MYPY, f"--cache-dir={folder / 'cache'}", *names],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(SOURCE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    return {
        title: "\n".join(line for line in run.stdout.splitlines() if line.startswith(name))
        for name, title in names.items()
    }


@pytest.mark.parametrize("title", SNIPPETS)
def test_opening(title: str, complaints: dict[str, str]) -> None:
    expected = SNIPPETS[title][1]

    if expected is None:
        assert complaints[title] == ""
    else:
        assert f"[{expected}]" in complaints[title]


def test_the_table_says_what_the_architecture_says() -> None:
    assert READABLE[MemberProof] == READABLE[SystemProof] == {Ground.LIVE}
    assert READABLE[ExportProof] == {Ground.LIVE, Ground.TRACE, Ground.RESTRICTED}
    assert READABLE[CaseProof] == set(Ground)


def test_every_kind_of_proof_is_in_the_table() -> None:
    assert set(READABLE) == set(ReaderProof.__args__)


def issued_in(source: str) -> set[str]:
    """Names of ``amana.vault.issue`` that a module reaches, or ``*`` when it cannot be told."""
    tree = ast.parse(source)
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            if node.module == "amana.vault.issue" or any(name.name == "IssuerSeal" for name in node.names):
                found.add("*")
            if node.module == "amana.vault" and any(
                name.asname for name in node.names if name.name == "issue"
            ):
                found.add("*")
        if isinstance(node, ast.Import) and any(name.name.startswith("amana.vault.") for name in node.names):
            found.add("*")
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "issue":
            found.add(node.attr)
        if isinstance(node, ast.Attribute) and node.attr == "IssuerSeal":
            found.add("*")
    return found


def test_only_permission_code_issues_proofs() -> None:
    for path in SOURCE.rglob("*.py"):
        domain = path.relative_to(SOURCE).parts[0]
        if domain == "vault":
            continue
        allowed = ISSUERS.get(domain, set())
        assert issued_in(path.read_text(encoding="utf-8")) <= allowed, path


@pytest.mark.parametrize(
    "source",
    [
        "from amana.vault.issue import member",
        "from amana.vault import issue as i",
        "import amana.vault.issue",
        "from amana.vault.proofs import IssuerSeal",
        "import amana.vault.proofs as p",
        "from amana.vault import issue\nissue.case(org_id=1)",
        "from amana.vault import proofs\nproofs.IssuerSeal",
    ],
)
def test_the_search_for_issuers_finds_every_spelling(source: str) -> None:
    assert issued_in(source) - {"member"}
