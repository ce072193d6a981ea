"""Pins: messages that everybody in a room finds at once."""
