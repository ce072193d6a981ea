"""Former releases, taken from the repository's own history, and a server that can be any of them."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.contracts.repository import ROOT
from tests.support.server import ServerProcess

# Release → its commit. The next release adds a line; the test then upgrades from that one.
COMMITS = {"0.1.0": "7c6bbf4"}
PREVIOUS = "0.1.0"


def sources_of(release: str, into: Path) -> Path:
    """Lay the sources of a release down; give the folder to put before all others on the path.

    The web client is today's: it is built and not in the history, and no test looks at it.
    """
    commit = COMMITS[release]
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "archive", commit, "src"], cwd=ROOT, capture_output=True
    )
    if done.returncode != 0:
        pytest.fail(
            f"The sources of release {release} (commit {commit}) are not in this clone, so the upgrade "
            "from it cannot be tested. Fetch the whole history: git fetch --unshallow",
            pytrace=False,
        )
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(into, filter="data")
    static = ROOT / "src" / "amana" / "app" / "static"
    if static.is_dir():
        shutil.copytree(static, into / "src" / "amana" / "app" / "static", dirs_exist_ok=True)
    return into / "src"


class AnyRelease(ServerProcess):
    """One set of data, served by this version or by a former one."""

    def become(self, sources: Path | None) -> None:
        """Be another version from the next start on; None = this one."""
        self.environment.pop("PYTHONPATH", None)
        if sources is not None:
            self.environment["PYTHONPATH"] = str(sources)
