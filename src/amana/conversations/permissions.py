"""What somebody may do in a conversation, on the resolver of ``people``."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from amana.conversations.model import MemberRole
from amana.kernel.actor import Role
from amana.people.errors import NotPermitted
from amana.people.permissions import Layer, resolve, role_layer

CREATE: Final = "conversation.create"
CHANGE: Final = "conversation.rename"
RETENTION: Final = "conversation.retention"
MEMBER_ADD: Final = "member.add"
MEMBER_REMOVE: Final = "member.remove"
OWNER_CHANGE: Final = "owner.change"
REMOVE_ANY: Final = "message.remove_any"
RULES: Final = "conversation.rules"
CLOSE: Final = "conversation.close"
ARCHIVE: Final = "conversation.archive"
POSTERS: Final = "member.posters"
DEPUTIES: Final = "member.deputies"

CAPABILITIES: Mapping[str, str] = MappingProxyType(
    {
        CREATE: "Create groups.",
        CHANGE: "Change a group's name and purpose.",
        RETENTION: "Choose after how many days a group's messages are erased.",
        MEMBER_ADD: "Bring people into a group.",
        MEMBER_REMOVE: "Take people out of a group.",
        OWNER_CHANGE: "Make somebody else the owner of a group, also when its owner is gone.",
        REMOVE_ANY: "Remove messages of others in a group.",
        RULES: "Choose who writes, edits, removes and comes in, what is seen of reading, and the end date.",
        CLOSE: "Close a room, so that nobody writes in it any more, and open it again.",
        ARCHIVE: "Archive a room for the whole organisation and open it again, also from outside.",
        POSTERS: "Say who else may write where not everybody does.",
        DEPUTIES: "Appoint and dismiss deputies of a room's owner.",
    }
)
# The lowest role of the organisation that has a capability by itself.
MINIMUM_ROLE: Mapping[str, Role] = MappingProxyType(
    {
        CREATE: Role.MEMBER,
        CHANGE: Role.ADMIN,
        RETENTION: Role.ADMIN,
        MEMBER_ADD: Role.ADMIN,
        MEMBER_REMOVE: Role.ADMIN,
        OWNER_CHANGE: Role.ADMIN,
        REMOVE_ANY: Role.ADMIN,
        RULES: Role.ADMIN,
        CLOSE: Role.ADMIN,
        ARCHIVE: Role.ADMIN,
        POSTERS: Role.ADMIN,
        DEPUTIES: Role.ADMIN,
    }
)
# What being the owner of a group adds: all but what is the organisation's.
OWNED: Mapping[str, bool] = MappingProxyType(dict.fromkeys(CAPABILITIES.keys() - {ARCHIVE}, True))
# A deputy does what the owner does every day, and nothing that decides whose room it is.
DEPUTED: Mapping[str, bool] = MappingProxyType(
    dict.fromkeys(OWNED.keys() - {OWNER_CHANGE, DEPUTIES, CLOSE}, True)
)
# All that is left to those who are not in it: an administrator may appoint an owner and never reads.
OUTSIDE = frozenset({CREATE, OWNER_CHANGE, ARCHIVE})


def may(capability: str, *, role: Role, standing: MemberRole | None) -> bool:
    """Decide one capability.

    Args:
        role: standing in the organisation.
        standing: role inside the conversation; None for somebody who is not in it.
    """
    if standing is None and capability not in OUTSIDE:
        return False
    layers = [role_layer(role, MINIMUM_ROLE)]
    if standing is MemberRole.OWNER:
        layers.append(Layer("person", "owner of the conversation", OWNED))
    elif standing is MemberRole.DEPUTY:
        layers.append(Layer("person", "deputy in the conversation", DEPUTED))
    return resolve(capability, layers).allowed


def require(capability: str, *, role: Role, standing: MemberRole | None) -> None:
    """Raise NotPermitted unless ``may`` says yes."""
    if not may(capability, role=role, standing=standing):
        raise NotPermitted(capability=capability)
