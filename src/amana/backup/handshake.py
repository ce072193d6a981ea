"""Before anything is put into a target: is it the right place, and still the same one?"""

from datetime import datetime

from amana.backup import layout
from amana.backup.errors import TargetForeign
from amana.backup.layout import Description
from amana.backup.memory import Memory
from amana.backup.plan import Plan
from amana.backup.target import Target
from amana.kernel.entropy import Entropy

ID_BYTES = 16


def introduce(
    plan: Plan, target: Target, system_identifier: str, *, memory: Memory, entropy: Entropy, now: datetime
) -> Description:
    """Give the description of ``target``, making it in an empty one; blocks.

    Raises:
        TargetForeign: backups of another database, or a known place that is suddenly empty: a disk that is
            not mounted would otherwise be replaced by a folder on the disk that holds the data.
        TargetUnusable: it does not work.
    """
    found = layout.read_description(target)
    if found is None:
        if memory.knows(target.name):
            raise TargetForeign(
                f"{target.name} held backups before and is empty now. Is the disk mounted? If it was emptied "
                "on purpose, run: amana backup now --new-target"
            )
        found = Description(
            entropy.token_bytes(ID_BYTES).hex(), system_identifier, plan.recipient_names, now.isoformat()
        )
        target.put(layout.DESCRIPTION, [found.encode()])
    if found.system_identifier != system_identifier:
        raise TargetForeign(
            f"{target.name} holds the backups of another database. Name an empty folder or prefix in "
            "AMANA_BACKUP_TARGET."
        )
    if found.recipients != plan.recipient_names:
        found = Description(found.id, found.system_identifier, plan.recipient_names, found.created)
        target.put(layout.DESCRIPTION, [found.encode()])
    if not memory.knows(target.name):
        memory.remember(target.name, found.id)
    return found
