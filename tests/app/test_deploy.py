"""The unit and the container: what they promise, tried under the same restrictions as far as it goes here."""

import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from amana.app.settings import Settings
from tests.contracts.repository import ROOT
from tests.support.client import set_up
from tests.support.server import ServerProcess

UNIT = ROOT / "deploy" / "systemd" / "amana.service"
CONTAINERFILE = ROOT / "deploy" / "container" / "Containerfile"
EXPOSURE_LIMIT = 2.0
NOBODY = 65534
# Everything read-only but the data folder and an empty /tmp; no capability, no new privileges, another user.
CONFINED = """
set -e
data=$1; shift
mount --make-rprivate /
mount --bind "$data" "$data"
mount -t tmpfs tmpfs /run
mount -o remount,bind,ro /
exec setpriv --reuid=65534 --regid=65534 --clear-groups \\
  --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
"""


def test_every_setting_in_unit_and_container_exists() -> None:
    known = {f"AMANA_{name}".upper() for name in Settings.model_fields}
    named = set(re.findall(r"AMANA_[A-Z_]+", UNIT.read_text() + CONTAINERFILE.read_text()))

    assert named - known - {"AMANA_NAME"} == set()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd's own checker")
def test_systemd_understands_the_unit_and_finds_it_hardened() -> None:
    verified = subprocess.run(["systemd-analyze", "verify", str(UNIT)], capture_output=True, text=True)
    # The program of the service is not installed here; nothing else may be complained about.
    complaints = [
        line
        for line in verified.stderr.splitlines()
        if "amana.service" in line and "is not executable" not in line
    ]
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(UNIT)], capture_output=True, text=True
    )
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", judged.stdout)

    assert complaints == []
    assert exposure is not None
    assert float(exposure[1]) <= EXPOSURE_LIMIT


@pytest_asyncio.fixture
async def confined() -> AsyncIterator[ServerProcess]:
    if os.geteuid() != 0:
        pytest.skip("only root may confine somebody")
    server = ServerProcess(PYTHONDONTWRITEBYTECODE="1", AMANA_ROOT_PASSPHRASE_FILE="/nowhere")
    server.served_dir.mkdir(mode=0o700)
    os.chown(server.served_dir, NOBODY, NOBODY)
    passphrase = server.folder / "root-passphrase"
    passphrase.write_text("five unrelated words indeed\n")
    os.chown(passphrase, NOBODY, NOBODY)
    server.environment["AMANA_ROOT_PASSPHRASE_FILE"] = str(passphrase)
    server.prefix = ["unshare", "-m", "sh", "-c", CONFINED, "sh", str(server.served_dir)]
    yield server
    await server.remove()


async def test_an_ordinary_user_without_rights_on_a_read_only_system_is_enough(
    confined: ServerProcess,
) -> None:
    await confined.start()
    status = Path(f"/proc/{confined.pid}/status").read_text()
    inside = ["nsenter", "-t", str(confined.pid), "-m", "--"]
    elsewhere = subprocess.run([*inside, "touch", str(confined.folder / "x")], capture_output=True, text=True)
    ana = await set_up(confined.base_url, confined.setup_secret())
    room = await ana.create_group("Room")

    assert (await ana.post(room, "hello"))["seq"] > 0
    assert "Read-only file system" in elsewhere.stderr
    assert re.search(r"^Uid:\t65534\t65534", status, re.MULTILINE)
    assert re.search(r"^CapBnd:\t0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)
    assert '"sealed"' in (confined.data_dir / "keys" / "root.key").read_text()
    assert await confined.stop() == 0
