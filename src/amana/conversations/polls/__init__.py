"""Polls: named ones, whose votes everybody sees, and anonymous ones, whose votes nobody can."""
