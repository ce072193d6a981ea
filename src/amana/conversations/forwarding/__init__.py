"""Forwarding: a message said again somewhere else, with whose words they are."""
