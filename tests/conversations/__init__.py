"""Conversations on the real database."""
