"""`amana verify` and the keys of people: what was changed, exchanged or came back is a finding."""

from uuid import UUID

import pytest

from amana.evidence.verify import Code
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import UserId
from amana.vault import PrivateText
from tests.evidence.attacker import Attacker
from tests.evidence.test_verify_content import after
from tests.evidence.verify_fixtures import Copy, company, copy_of
from tests.evidence.verify_world import Company
from tests.support.clock import FakeClock

__all__ = ["company", "copy_of"]

SOMEBODY, ANOTHER = UserId(UUID(int=71)), UserId(UUID(int=72))


async def keep_something(server: Attacker) -> None:
    """Two people seal a text, and so get a key each."""
    for user_id in (SOMEBODY, ANOTHER):
        async with server.database.write(server.company.org_id) as tx:
            text = PrivateText("draft.0", UUID(int=1), "mine")
            now = FakeClock().now()
            await server.vault.private.seal(tx, server.company.org_id, user_id, [text], now=now)


async def test_sound_keys_are_counted(company: Company, copy_of: Copy, entropy: SeededEntropy) -> None:
    report = await after(keep_something, company, copy_of, entropy)

    assert report.findings == []
    assert report.counts["keys of people"] == 2


@pytest.mark.parametrize(
    "change",
    [
        "wrapped = set_byte(wrapped, 30, get_byte(wrapped, 30) # 1)",
        "wrapped = ''",
        "epoch = -1",
        "epoch = 7",
        "generation = 2",
        "user_id = '00000000-0000-0000-0000-0000000000ff'",
        "wrapped = (SELECT wrapped FROM keyring.user_key ORDER BY user_id DESC LIMIT 1)",
    ],
)
async def test_a_changed_key_of_a_person_is_found(
    change: str, company: Company, copy_of: Copy, entropy: SeededEntropy
) -> None:
    async def spoil(server: Attacker) -> None:
        await keep_something(server)
        await server.sql(f"UPDATE keyring.user_key SET {change} WHERE user_id = $1", SOMEBODY)

    (finding,) = (await after(spoil, company, copy_of, entropy)).findings

    assert finding.code is Code.KEY_CHANGED
    assert "does not open" in finding.sentence


async def test_a_time_that_no_calendar_has_ends_in_no_error(
    company: Company, copy_of: Copy, entropy: SeededEntropy
) -> None:
    async def spoil(server: Attacker) -> None:
        await keep_something(server)
        await server.sql("UPDATE keyring.user_key SET made_at = '4713-01-01 BC' WHERE user_id = $1", SOMEBODY)

    assert (await after(spoil, company, copy_of, entropy)).holds


async def test_the_key_of_an_erased_person_that_is_there_again_is_found(
    company: Company, copy_of: Copy, entropy: SeededEntropy
) -> None:
    async def bring_back(server: Attacker) -> None:
        await keep_something(server)
        (kept,) = await server.rows("SELECT * FROM keyring.user_key WHERE user_id = $1", SOMEBODY)
        async with server.database.write(server.company.org_id) as tx:
            await server.vault.note_erased_account(tx, SOMEBODY, FakeClock().now())
        places = ", ".join(f"${number}" for number in range(1, len(kept) + 1))
        await server.sql(f"INSERT INTO keyring.user_key VALUES ({places})", *kept.values())

    (finding,) = (await after(bring_back, company, copy_of, entropy)).findings

    assert finding.code is Code.WRAP_SURPLUS
    assert "is there again, although the person was erased" in finding.sentence
