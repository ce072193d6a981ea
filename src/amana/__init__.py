"""Amana: a self-hosted messenger for organisations."""

__version__ = "0.2.0.dev0"
