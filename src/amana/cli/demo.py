"""`amana demo`: a throw-away company of twenty people."""


def demo() -> None:
    """Start a throw-away company of twenty people in four languages."""
