"""The data folder that nobody chose."""

import os
from pathlib import Path

import pytest

from amana.app.data_folder import SYSTEM_FOLDER, reachable, with_reachable_data
from amana.app.settings import Settings
from amana.storage.osuser import OsUser

STRANGER = OsUser("stranger", 54321, 54321, switch=True)
OURSELVES = OsUser("me", os.geteuid(), os.getegid(), switch=False)
WANTED = Path("var/amana")


def test_a_closed_home_sends_roots_data_to_the_systems_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)

    assert reachable(WANTED, home, STRANGER).parent == SYSTEM_FOLDER


def test_every_copy_of_the_program_in_a_closed_home_has_data_of_its_own(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first, second = home / "first", home / "second"
    for folder in (first, second):
        folder.mkdir(parents=True)
    home.chmod(0o700)

    assert reachable(WANTED, first, STRANGER) == reachable(WANTED, first, STRANGER)
    assert reachable(WANTED, first, STRANGER) != reachable(WANTED, second, STRANGER)


def test_an_ordinary_user_keeps_the_data_beside_the_program(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)

    assert reachable(WANTED, home, OURSELVES) == WANTED


def test_an_open_folder_keeps_the_data_beside_the_program() -> None:
    assert reachable(WANTED, Path("/usr/share"), STRANGER) == WANTED


def test_a_folder_that_was_chosen_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir(mode=0o700)
    monkeypatch.chdir(tmp_path / "home")
    chosen = Settings(data_dir=WANTED)

    assert with_reachable_data(chosen) is chosen
