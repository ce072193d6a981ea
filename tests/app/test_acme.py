"""`--tls acme` against a real ACME server, in a network namespace of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from amana.app.acme import caddy_configuration

WORLD = Path(__file__).parent / "acme_world.py"


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="needs root and unshare(1) for a network namespace with ports 80 and 443 of its own",
)
def test_a_public_name_gets_its_certificate_by_acme_and_the_visitor_reaches_the_server() -> None:
    run = subprocess.run(
        ["unshare", "--net", "--mount", sys.executable, str(WORLD)],
        capture_output=True,
        text=True,
        timeout=90,
    )

    assert run.returncode == 0, run.stderr[-2000:]
    result = json.loads(run.stdout.splitlines()[-1])
    assert result["seen"]["host"] == "chat.company.test"
    assert result["seen"]["x-forwarded-proto"] == "https"
    assert result["redirect"] == "https://chat.company.test/chats"


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare(1)")
def test_a_visitor_cannot_choose_the_address_that_the_server_sees() -> None:
    run = subprocess.run(
        ["unshare", "--net", "--mount", sys.executable, str(WORLD)],
        capture_output=True,
        text=True,
        timeout=90,
    )

    assert json.loads(run.stdout.splitlines()[-1])["seen"]["x-forwarded-for"] == "127.0.0.1"


def test_the_edge_asks_for_the_one_public_name_and_keeps_its_admin_interface_shut(tmp_path: Path) -> None:
    text = json.dumps(
        caddy_configuration(
            public_url="https://chat.company.test",
            upstream_port=1,
            https_port=443,
            http_port=80,
            storage=tmp_path,
            directory=None,
            root=None,
        )
    )

    configuration = json.loads(text)
    assert configuration["admin"] == {"disabled": True, "config": {"persist": False}}
    policy = configuration["apps"]["tls"]["automation"]["policies"][0]
    assert policy == {"subjects": ["chat.company.test"], "issuers": [{"module": "acme"}]}
