"""The same small world as the conversations' tests."""

from tests.conversations.conftest import key_folder, world

__all__ = ["key_folder", "world"]
