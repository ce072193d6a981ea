"""The witness as a process of its own: started, stopped, killed at any moment, asked by two at once."""

import asyncio
import random
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.evidence.witness_world import ORIGIN, History, Signed, WitnessProcess, ask

KILLS_IN_CI = 4
KILLS_IN_FULL = 200


@pytest.fixture
async def witness() -> AsyncIterator[WitnessProcess]:
    witness = WitnessProcess()
    yield witness
    await witness.remove()


async def test_it_follows_what_it_is_told_to_and_remembers_after_a_restart(witness: WitnessProcess) -> None:
    log, signed = History(40), Signed(witness.vkey)
    await witness.start()
    before = await ask(witness.url, log.request(0, 5))
    witness.follow(log.signer.verifier.vkey)  # while it runs
    first = await ask(witness.url, log.request(0, 5))
    assert await witness.stop() == 0
    await witness.start()
    from_nothing = await ask(witness.url, log.request(0, 9))
    second = await ask(witness.url, log.request(5, 9))

    assert [one.status_code for one in (before, first, from_nothing, second)] == [404, 200, 409, 200]
    assert (from_nothing.text, from_nothing.headers["content-type"]) == ("5\n", "text/x.tlog.size")
    signed.add(log.note(5), first.text)
    signed.add(log.note(9), second.text)
    assert signed.faults(log) == []
    listed = witness.command("list").stdout
    assert ORIGIN in listed
    assert "9 entries" in listed


async def test_its_log_says_each_decision_in_one_line(witness: WitnessProcess) -> None:
    log, fork = History(40), History(40, fork_at=2)
    witness.follow(log.signer.verifier.vkey)
    await witness.start()
    for body in (log.request(0, 5), fork.request(5, 5), fork.request(5, 9), b""):
        await ask(witness.url, body)
    await witness.stop()

    lines = [line for line in witness.output.read_text().splitlines() if "witness.decided" in line]
    assert len(lines) == 4
    for line, outcome in zip(lines, ("cosigned", "other_root", "inconsistent", "malformed"), strict=True):
        assert f'"outcome": "{outcome}"' in line
    listed = witness.command("list")
    said = listed.stdout
    assert listed.returncode == 3
    assert "two different histories of the same length" in said
    assert fork.note(5) in said


async def test_with_a_passphrase_it_starts_only_with_it() -> None:
    witness = WitnessProcess(AMANA_WITNESS_PASSPHRASE="four old trams")
    try:
        await witness.start()
        await witness.stop()
        witness.environment = {}
        with pytest.raises(RuntimeError, match="Set AMANA_WITNESS_PASSPHRASE"):
            await witness.start()
    finally:
        await witness.remove()


async def test_it_makes_a_certificate_of_its_own(witness: WitnessProcess) -> None:
    await witness.start("--tls-host", "localhost")

    authority = witness.folder / "data" / "tls" / "authority.crt"
    async with httpx.AsyncClient(verify=_trusting(str(authority))) as client:
        answer = await client.get(f"https://localhost:{witness.port}/")

    assert witness.vkey in answer.text
    assert str(authority) in witness.output.read_text()


def _trusting(authority: str) -> "httpx._types.VerifyTypes":  # type: ignore[name-defined]
    import ssl

    return ssl.create_default_context(cafile=authority)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("add-log", "nonsense"), "no verifier key"),
        (("add-log", "w+00000000+AAAA"), "no verifier key"),
        (("init", "second.example"), "never made anew"),
    ],
)
async def test_mistakes_are_answered_with_one_sentence(
    witness: WitnessProcess, words: tuple[str, ...], sentence: str
) -> None:
    said = witness.command(*words)

    assert said.returncode == 1
    assert sentence in said.stderr
    assert said.stderr.count("\n") == 1


async def test_the_key_of_a_witness_is_not_taken_for_a_log(witness: WitnessProcess) -> None:
    assert "not that of a log" in witness.command("add-log", witness.vkey).stderr


async def push(witness: WitnessProcess, side: History, signed: Signed, stop: asyncio.Event) -> None:
    """Grow one history against a witness that comes and goes, as a log would."""
    known, size = 0, 1
    async with httpx.AsyncClient(timeout=5) as client:
        while not stop.is_set():
            size = min(side.size, max(size, known) + 1)
            try:
                answer = await client.post(
                    f"{witness.url}/add-checkpoint", content=side.request(min(known, size), size)
                )
            except httpx.TransportError:
                await asyncio.sleep(0.01)
                continue
            if answer.status_code == 200:
                signed.add(side.note(size), answer.text)
                known = size
            elif answer.status_code == 409:
                known = int(answer.text)
                if known > side.size:
                    return
            await asyncio.sleep(0.002 if answer.status_code != 429 else 0.1)


async def kill_often(witness: WitnessProcess, times: int, seed: int) -> Signed:
    """Two histories of one log push at a witness that is killed at random; gives all it signed."""
    chance = random.Random(seed)
    log, fork, signed = History(20_000), History(20_000, fork_at=3), Signed(witness.vkey)
    witness.follow(log.signer.verifier.vkey)
    stop = asyncio.Event()
    await witness.start()
    pushing = [asyncio.create_task(push(witness, side, signed, stop)) for side in (log, fork, log)]
    try:
        for _ in range(times):
            await asyncio.sleep(chance.uniform(0.0, 0.25))
            await witness.kill()
            await witness.start()
            enough = len(signed.seen) + 1
            async with asyncio.timeout(30):
                while len(signed.seen) < enough:
                    await asyncio.sleep(0.005)
    finally:
        stop.set()
        await asyncio.gather(*pushing)
    assert signed.faults(log, fork) == []
    return signed


async def test_killed_at_any_moment_it_never_signs_two_histories(
    witness: WitnessProcess, own_seed: int
) -> None:
    signed = await kill_often(witness, KILLS_IN_CI, own_seed)

    assert len(signed.seen) > KILLS_IN_CI


@pytest.mark.full
@pytest.mark.timeout(3600)
async def test_killed_two_hundred_times_it_never_signs_two_histories(
    witness: WitnessProcess, own_seed: int
) -> None:
    signed = await kill_often(witness, KILLS_IN_FULL, own_seed)

    print(f"{len(signed.seen)} cosignatures over {KILLS_IN_FULL} kills, all of one history")
