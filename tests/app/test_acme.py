"""`--tls acme` against a real ACME server, in a network namespace of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from amana.app.acme import caddy_configuration

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """What a visitor saw of the real server and of a small upstream behind the same edge."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare(1) for a network namespace with ports 80 and 443 of its own")
    run = subprocess.run(
        ["unshare", "--net", "--mount", sys.executable, "-m", "tests.app.acme_world"],
        capture_output=True,
        text=True,
        timeout=180,
        cwd=ROOT,
    )
    assert run.returncode == 0, run.stderr[-4000:]
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def test_a_public_name_gets_its_certificate_by_acme_and_people_work_with_the_server(
    seen: dict[str, Any],
) -> None:
    server = seen["server"]

    assert server["address"] == "https://chat.company.test"
    assert server["page"] == 200
    assert server["hsts"].startswith("max-age=")
    assert server["redirect"] == "https://chat.company.test/chats"
    assert server["set_up"] == 201
    session = next(one for one in server["cookies"] if one.startswith("__Host-amana="))
    assert "; Secure; HttpOnly" in session
    assert '"t":"welcome"' in server["hello"]


def test_a_visitor_cannot_choose_the_address_that_the_server_sees(seen: dict[str, Any]) -> None:
    upstream = seen["upstream"]

    assert upstream["host"] == "chat.company.test"
    assert upstream["x-forwarded-proto"] == "https"
    assert upstream["x-forwarded-for"] == "127.0.0.1"


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
