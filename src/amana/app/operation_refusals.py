"""Which refusals each operation can answer with, besides those of the edge.

The table beside this file is written by `make docs` from the code: see ``scripts/reachable_refusals.py``.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_TABLE: Final = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))

# By operation of OpenAPI.
OPERATIONS: Final[Mapping[str, Sequence[str]]] = _TABLE["operations"]
# By frame type of the socket.
FRAMES: Final[Mapping[str, Sequence[str]]] = _TABLE["frames"]
