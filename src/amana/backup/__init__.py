"""Backups that forget what was erased: taking, keeping, restoring them."""
