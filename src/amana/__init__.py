"""Amana: a self-hosted messenger for organisations."""

__version__ = "0.1.0.dev0"
