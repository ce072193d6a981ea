"""Talk to an Amana messenger: the typed API, live events exactly once and in order, a patient outbox."""

from amana_client.client import Client
from amana_client.elements import (
    Acknowledged,
    Behind,
    Event,
    Failed,
    Held,
    Hole,
    Item,
    Left,
    Place,
    Reset,
    Signal,
    UserEvent,
)
from amana_client.errors import AmanaError, NotAllowed, NotSignedIn, ProtocolBroken, Refused
from amana_client.following import Follower
from amana_client.ids import new_client_id
from amana_client.operations import Operations
from amana_client.outbox import MemoryStore, SqliteStore, Store, Waiting
from amana_client.transport import Transport

__all__ = [
    "Acknowledged",
    "AmanaError",
    "Behind",
    "Client",
    "Event",
    "Failed",
    "Follower",
    "Held",
    "Hole",
    "Item",
    "Left",
    "MemoryStore",
    "NotAllowed",
    "NotSignedIn",
    "Operations",
    "Place",
    "ProtocolBroken",
    "Refused",
    "Reset",
    "Signal",
    "SqliteStore",
    "Store",
    "Transport",
    "UserEvent",
    "Waiting",
    "new_client_id",
]
