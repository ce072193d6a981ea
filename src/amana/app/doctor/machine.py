"""Checks of the machine: key file, clock, disk, folder, memory, limits."""

from datetime import timedelta

from amana.app.doctor.model import Finding, Level, Probe
from amana.app.settings import RootPlace
from amana.storage.space import MIB

CLOCK_TOLERANCE = timedelta(seconds=30)
FILES_NEEDED = 4_096
FILES_FLOOR = 1_024


def root_key(probe: Probe) -> Finding:
    """The key that opens everything must not lie open where the data lie."""
    name, facts = "root_key", probe.root_key
    if facts.place is not RootPlace.FILE:
        return Finding(name, Level.OK, "The root key is in a key service.")
    if facts.mode is None:
        return Finding(
            name, Level.UNKNOWN, f"There is no root key at {facts.path}: the first start makes it."
        )
    if facts.mode & 0o077:
        return Finding(
            name, Level.BAD, f"Other accounts can read the root key {facts.path}.", f"chmod 600 {facts.path}"
        )
    if facts.is_sealed is None:
        return Finding(name, Level.UNKNOWN, f"The root key {facts.path} cannot be read from this account.")
    if facts.is_sealed:
        return Finding(name, Level.OK, "The root key is sealed with a passphrase.")
    if facts.shares_disk:
        return Finding(
            name,
            Level.WARN,
            f"The root key lies open on the disk of the data ({facts.path}): whoever takes the disk, "
            "or a copy of it, can read everything.",
            "amana admin keys --help   # seal it with a passphrase, or move it to a key service",
        )
    return Finding(name, Level.OK, "The root key lies open, but on another disk than the data.")


def clock(probe: Probe) -> Finding:
    """Nothing that was written before may be in the future."""
    name, facts, now = "clock", probe.clock, probe.now
    witnesses = {
        "the database's clock": facts.database,
        "the newest thing stored": facts.newest_write,
        "the newest file in the data": facts.newest_file,
    }
    for what, at in witnesses.items():
        if at is not None and at - now > CLOCK_TOLERANCE:
            return Finding(
                name,
                Level.BAD,
                f"This machine's clock is behind: {what} says {at:%Y-%m-%d %H:%M} UTC, the clock "
                f"{now:%Y-%m-%d %H:%M}.",
                "timedatectl set-ntp true   # or set the clock, then restart Amana",
            )
    if facts.leaps:
        return Finding(
            name,
            Level.WARN,
            f"This machine's clock has leapt {facts.leaps} times since the server started.",
            "timedatectl; journalctl -u chrony -u systemd-timesyncd   # who sets the clock?",
        )
    if facts.is_synchronised is False:
        return Finding(
            name,
            Level.WARN,
            "This machine's clock follows no time service and will drift.",
            "timedatectl set-ntp true   # or: apt install chrony",
        )
    if facts.is_synchronised is None:
        return Finding(name, Level.UNKNOWN, "The system does not tell whether its clock is synchronised.")
    return Finding(name, Level.OK, "The clock is synchronised and agrees with what was stored.")


def disk(probe: Probe) -> Finding:
    """Space for what is to come, before the server has to refuse it."""
    name, facts = "disk", probe.disk
    if facts is None:
        return Finding(name, Level.UNKNOWN, "The disk of the data could not be measured.")
    free, reserve = facts.free // MIB, facts.reserve // MIB
    todo = f"du -xh --max-depth=2 {probe.data_dir}   # then grow the disk or move other things away"
    if facts.free < facts.reserve:
        return Finding(
            name, Level.BAD, f"{free} MB are free and {reserve} must be: nothing new is taken now.", todo
        )
    if facts.free < 2 * facts.reserve:
        return Finding(
            name, Level.WARN, f"{free} MB are free; below {reserve} nothing new is taken any more.", todo
        )
    if probe.is_serving and not probe.has_own_database and not facts.has_ballast:
        return Finding(
            name, Level.WARN, "The ballast file is missing.", "look into the log for disk.no_ballast"
        )
    return Finding(name, Level.OK, f"{free} MB are free; the reserve is {reserve}.")


def folder(probe: Probe) -> Finding:
    """What lies in the data folder is for the server's account alone."""
    name, open_ones = "data_folder", probe.open_files_of_others
    if open_ones:
        path, mode = open_ones[0]
        more = f" and {len(open_ones) - 1} more" if len(open_ones) > 1 else ""
        return Finding(
            name,
            Level.BAD,
            f"Other accounts can get at {path} (mode {mode:o}){more}.",
            " && ".join(f"chmod go-rwx {one}" for one, _ in open_ones),
        )
    return Finding(name, Level.OK, "Keys, passwords and data are for the server's account alone.")


def memory(probe: Probe) -> Finding:
    """Keys are in memory: it must not reach a disk."""
    name = "memory"
    plain = [device for device, is_encrypted in probe.swap or () if not is_encrypted]
    if plain:
        return Finding(
            name,
            Level.WARN,
            f"Memory may be written to {plain[0]}, which is not encrypted, keys included.",
            "swapoff -a   # and remove swap from /etc/fstab, or encrypt it",
        )
    if probe.process.core_bytes:
        return Finding(
            name,
            Level.WARN,
            "A crash would write the server's memory, keys included, into a core file.",
            "LimitCORE=0 in the systemd unit, or `ulimit -c 0` before the start",
        )
    if probe.swap is None or probe.process.core_bytes is None:
        return Finding(name, Level.UNKNOWN, "This system does not tell about swap and core files.")
    return Finding(name, Level.OK, "Memory reaches no disk: no open swap, no core files.")


def open_files(probe: Probe) -> Finding:
    """Every socket is a file."""
    name, limit = "open_files", probe.process.open_files
    if limit is None:
        return Finding(name, Level.UNKNOWN, "This system does not tell its limit of open files.")
    if limit < FILES_NEEDED:
        level = Level.BAD if limit < FILES_FLOOR else Level.WARN
        return Finding(
            name,
            level,
            f"The server may open {limit} files, and every person's device is one.",
            "LimitNOFILE=65536 in the systemd unit, or `ulimit -n 65536` before the start",
        )
    return Finding(name, Level.OK, f"The server may open {limit} files.")
