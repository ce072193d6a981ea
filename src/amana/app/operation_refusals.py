"""Written by `make docs` from the code; edit the code."""

OPERATIONS: dict[str, tuple[str, ...]] = {}
FRAMES: dict[str, tuple[str, ...]] = {}
