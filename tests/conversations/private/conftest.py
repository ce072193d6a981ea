"""The small world of the conversations, and what its people keep for themselves in it."""

import pytest

from tests.conversations.conftest import key_folder, world
from tests.conversations.keeping import Keeping
from tests.conversations.world import World

__all__ = ["key_folder", "world"]


@pytest.fixture
def keeping(world: World) -> Keeping:
    return Keeping(world)
