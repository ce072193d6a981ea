"""The fixtures of the vault's tests: evidence needs the same rooms."""

from tests.vault.conftest import damages, intruder, key_path, room, vault

__all__ = ["damages", "intruder", "key_path", "room", "vault"]
