"""Who may do what: capabilities, inherited organisation → unit → role → person. Pure.

No capability reads other people's content; there is none to give.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from amana.evidence.cosigning_policy import WITNESSES
from amana.kernel.actor import Role
from amana.people.errors import NotPermitted

Level = Literal["organisation", "unit", "role", "person"]
LEVELS: Final[tuple[Level, ...]] = ("organisation", "unit", "role", "person")

INVITE: Final = "people.invite"
ROLES: Final = "people.roles"
ERASE: Final = "people.erase"
POLICY: Final = "organisation.policy"

CAPABILITIES: Mapping[str, str] = MappingProxyType(
    {
        INVITE: "Invite people, see open invitations and withdraw them.",
        ROLES: "Change the role of people below one's own.",
        ERASE: "Erase people below one's own role, and see how far their erasure is.",
        POLICY: "Choose what holds for everybody, such as that people are asked before they are added.",
        WITNESSES: "Say who must cosign the transparency log.",
    }
)
# The lowest role that has a capability by itself; organisations may add to or take from it.
MINIMUM_ROLE: Mapping[str, Role] = MappingProxyType(
    {INVITE: Role.ADMIN, ROLES: Role.ADMIN, ERASE: Role.ADMIN, POLICY: Role.ADMIN, WITNESSES: Role.OWNER}
)


@dataclass(frozen=True, slots=True)
class Layer:
    """What one level says.

    Attributes:
        level: where it stands in the inheritance.
        name: who says it: ``admin``, the unit's or the person's id.
        grants: capability → allowed; a capability that is not in it is inherited.
    """

    level: Level
    name: str
    grants: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of the answer to "why?"."""

    level: Level
    name: str
    allowed: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer and every layer that spoke, in the order they were heard; the last one decided."""

    allowed: bool
    because: tuple[Reason, ...]


def resolve(capability: str, layers: Sequence[Layer]) -> Decision:
    """Decide one capability. Nothing said means no.

    The more specific level wins. Inside one level a refusal wins, whatever the order: two units
    must not be able to outvote each other by being listed later.
    """
    because: list[Reason] = []
    allowed = False
    for level in LEVELS:
        spoken = [layer for layer in layers if layer.level == level and capability in layer.grants]
        if spoken:
            allowed = all(layer.grants[capability] for layer in spoken)
            spoken.sort(key=lambda layer: layer.grants[capability] is allowed)
            because += [Reason(level, layer.name, layer.grants[capability]) for layer in spoken]
    return Decision(allowed, tuple(because))


def role_layer(role: Role, minimum_role: Mapping[str, Role] = MINIMUM_ROLE) -> Layer:
    """What a role brings by itself."""
    grants = {capability: role >= least for capability, least in minimum_role.items()}
    return Layer("role", role.name.lower(), grants)


def may(capability: str, role: Role, layers: Sequence[Layer] = ()) -> bool:
    """Whether the role and ``layers`` allow ``capability``."""
    return resolve(capability, [role_layer(role), *layers]).allowed


def require(capability: str, role: Role, layers: Sequence[Layer] = ()) -> None:
    """Raise NotPermitted unless the role and ``layers`` allow ``capability``."""
    if not may(capability, role, layers):
        raise NotPermitted(capability=capability)
