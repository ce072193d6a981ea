"""The passphrase of the root key from a file: what a service manager or a container hands over."""

from pathlib import Path

import pytest

from amana.app.settings import Settings
from amana.cli.serve import read_settings
from amana.kernel.errors import StartFailure


def test_a_file_hands_the_passphrase_over_and_the_variable_wins(tmp_path: Path) -> None:
    path = tmp_path / "root-passphrase"
    path.write_text("five unrelated words indeed\n")

    from_file = Settings(root_passphrase_file=path)
    both = read_settings({"root_passphrase_file": path, "root_passphrase": "another one"})

    assert from_file.root_passphrase is not None
    assert from_file.root_passphrase.get_secret_value() == "five unrelated words indeed"
    assert both.root_passphrase is not None
    assert both.root_passphrase.get_secret_value() == "another one"


@pytest.mark.parametrize("content", [None, "\n"])
def test_a_file_without_a_passphrase_stops_the_start_in_one_sentence(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "root-passphrase"
    if content is not None:
        path.write_text(content)

    with pytest.raises(StartFailure, match=r"^the file .*root-passphrase with the root key's passphrase"):
        read_settings({"root_passphrase_file": path})
