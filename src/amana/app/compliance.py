"""Builds what ends what may not be kept, from the services of the other domains."""

from datetime import timedelta

from amana.app.settings import Settings
from amana.app.storage import Storage
from amana.compliance.hygiene import Hygiene
from amana.compliance.persons import PersonErasures, Tools
from amana.compliance.retention import Retention
from amana.compliance.tending import Tending
from amana.conversations.membership.leaving import Leaving
from amana.conversations.messages.erasing import Erasing
from amana.conversations.writing import Desk
from amana.events.log import Log
from amana.http import Services
from amana.kernel.clock import Clock
from amana.people.desk import Desk as PeopleDesk
from amana.storage.database import Database
from amana.vault import Vault


def person_erasures(database: Database, people: PeopleDesk, rooms: Desk) -> PersonErasures:
    """What takes requests to erase a person and carries them out."""
    return PersonErasures(database, people, Tools(rooms.log, Erasing(rooms), Leaving(rooms)))


def tend(settings: Settings, storage: Storage, vault: Vault, services: Services, clock: Clock) -> None:
    """Register the jobs with whoever leads."""
    people, rooms = services.get(PeopleDesk), services.get(Desk)
    database, journal = storage.database, services.get(Log)
    within = timedelta(hours=settings.erase_within_hours)
    pause_s = min(3.0, within.total_seconds() / 100)
    tending = Tending(
        people,
        vault,
        clock,
        retention=Retention(database, journal, Erasing(rooms), rooms.evidence, clock),
        persons=services.get(PersonErasures),
        hygiene=Hygiene(database, journal, clock, dsn=storage.dsn, within=within, pause_s=pause_s),
    )
    tending.register(storage.leader, within=within)
