"""Reactions: an emoji that somebody puts to a message."""
