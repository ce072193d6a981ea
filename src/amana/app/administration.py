"""What the person at the machine may do with accounts: see them, and sign their devices out."""

from dataclasses import dataclass
from uuid import UUID

from amana.app.offline import Reached
from amana.evidence import Evidence
from amana.kernel.actor import Role
from amana.kernel.ids import SessionId
from amana.people import queries
from amana.people.api_tokens import queries as api_tokens
from amana.people.model import SESSION_IDLE_LIFE, SESSION_LIFE

PAGE = 500
_NO_SESSION = SessionId(UUID(int=0))


@dataclass(frozen=True, slots=True)
class Listed:
    """One account as the operator sees it."""

    handle: str
    role: Role
    display_name: str
    devices: int


async def list_with_devices(here: Reached) -> list[Listed]:
    """Everybody in the order they joined, with the number of devices that are signed in.

    Raises:
        StartFailure: there is no organisation yet.
    """
    now, found, after = here.clock.now(), [], None
    organisation = await here.organisation()
    async with here.database.read(organisation.org_id) as tx:
        while accounts := await queries.list_people(tx, after=after, limit=PAGE, among=None):
            after = accounts[-1].user_id
            for one in accounts:
                devices = await queries.list_sessions(
                    tx, one.user_id, seen_since=now - SESSION_IDLE_LIFE, created_since=now - SESSION_LIFE
                )
                found.append(Listed(one.handle, one.role, one.display_name, len(devices)))
    return found


async def end_all_sessions(here: Reached, handle: str) -> int | None:
    """Sign every device of one person out, end their API tokens, record it; None when nobody has the handle.

    Sockets that are open on a running server close when it looks at their sessions again.

    Raises:
        StartFailure: there is no organisation, or the root key cannot be opened for the record.
    """
    organisation, now = await here.organisation(), here.clock.now()
    evidence = Evidence(await here.vault(), here.ids)
    async with here.database.write(organisation.org_id) as tx:
        account = await queries.find_account_by_handle(tx, handle)
        if account is None:
            return None
        ended = await queries.end_other_sessions(tx, account.user_id, _NO_SESSION, now=now)
        tokens = await api_tokens.end_all_of(tx, account.user_id, now=now)
        for action, subject in (
            *(("session.ended", session_id) for session_id in ended),
            *(("token.revoked", token_id) for token_id in tokens),
        ):
            await evidence.record(
                tx,
                org_id=organisation.org_id,
                actor_id=None,
                action=action,
                subject=subject,
                now=now,
                detail={"by": "operator"},
            )
        return len(ended) + len(tokens)
