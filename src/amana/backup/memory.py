"""What this server remembers about its targets: ``backup/targets.json`` in the data folder.

Losing it costs a repetition of the erasure journal in each target, nothing else. It is about this
database only and never leaves the machine.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from amana.vault.erasure import BEGINNING, Mark

FOLDER = "backup"
_FILE = "targets.json"
_DRILL = "last-drill.json"


def drill_report(data_dir: Path) -> Path:
    """Where the drill writes how it went: ``{"at": ISO time, "good": bool, "target": name, …}``."""
    return data_dir / FOLDER / _DRILL


@dataclass(frozen=True, slots=True)
class Memory:
    """Marks and known places of one data folder; read anew for each question, written whole."""

    data_dir: Path

    def knows(self, place: str) -> bool:
        """Whether something of ours was put there before."""
        return place in self._read().get("places", {})

    def remember(self, place: str, description_id: str) -> None:
        content = self._read()
        content.setdefault("places", {})[place] = description_id
        self._write(content)

    def forget(self, place: str) -> None:
        content = self._read()
        content.get("places", {}).pop(place, None)
        self._write(content)

    def mark(self, description_id: str, database: str) -> Mark:
        """How far the journal is in a target.

        Args:
            database: names it and its timeline: a mark means nothing in another one.
        """
        found = self._read().get("marks", {}).get(f"{description_id}/{database}")
        with suppress(KeyError, TypeError, ValueError):
            if found is not None:
                return Mark(int(found["txid"]), UUID(found["id"]))
        return BEGINNING

    def set_mark(self, description_id: str, database: str, mark: Mark) -> None:
        content = self._read()
        content.setdefault("marks", {})[f"{description_id}/{database}"] = {
            "txid": mark.txid,
            "id": str(mark.id),
        }
        self._write(content)

    @property
    def _path(self) -> Path:
        return self.data_dir / FOLDER / _FILE

    def _read(self) -> dict[str, dict[str, Any]]:  # values are checked where they are used
        try:
            content = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _write(self, content: dict[str, dict[str, Any]]) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file, indent=1)
        draft.replace(self._path)
