"""What a witness signs and what not: C2SP tlog-witness, answer by answer."""

import asyncio
import stat
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from amana.evidence.tlog.notes import Checkpoint, Signer, sign_note
from amana.evidence.witness import identity
from amana.evidence.witness.cosigner import Cosigner, Verdict
from amana.evidence.witness.http import WitnessPages
from amana.evidence.witness.request import MAX_BODY_BYTES, AddCheckpoint, parse_request, write_request
from amana.evidence.witness.store import Latest, Store
from amana.kernel.entropy import SeededEntropy
from amana.kernel.errors import StartFailure
from tests.evidence.witness_world import ORIGIN, History, Signed
from tests.support.clock import FakeClock

NAME = "witness.example/w1"
EMPTY = sha256(b"").digest()


@pytest.fixture
async def store(tmp_path: Path, entropy: SeededEntropy) -> AsyncIterator[Store]:
    store = await identity.create(tmp_path / "w", NAME, None, entropy)
    store.add_log(ORIGIN, History(0).signer.verifier)
    yield store
    store.close()


@pytest.fixture
async def cosigner(tmp_path: Path, store: Store, entropy: SeededEntropy, clock: FakeClock) -> Cosigner:
    return Cosigner(store, await identity.unlock(tmp_path / "w", store, None, entropy), clock)


@pytest.fixture
def signed(store: Store) -> Signed:
    return Signed(store.vkey)


@pytest.fixture
def log() -> History:
    return History(300)


def after(cosigner: Cosigner, log: History, *sizes: int) -> Verdict:
    """Let the witness see the log grow; gives the last answer."""
    known = 0
    for size in sizes:
        verdict = cosigner.add_checkpoint(log.request(known, size))
        assert verdict.status == 200, verdict
        known = size
    return verdict


def test_it_signs_a_log_that_grows(
    cosigner: Cosigner, log: History, signed: Signed, clock: FakeClock
) -> None:
    known = 0
    for size in (1, 2, 3, 7, 8, 8, 64, 200, 256, 300):
        verdict = cosigner.add_checkpoint(log.request(known, size))
        assert (verdict.status, verdict.body.count("\n")) == (200, 1)
        signed.add(log.note(size), verdict.body)
        known = size
        clock.advance(seconds=10)

    assert signed.faults(log) == []
    assert signed.seen[0][3] == int(clock.now().timestamp()) - 100


def test_extension_lines_are_signed_with_the_rest(cosigner: Cosigner, log: History, signed: Signed) -> None:
    note = log.note(5, "extra line", "and another")

    verdict = cosigner.add_checkpoint(write_request(0, [], note))

    signed.add(note, verdict.body)
    assert signed.seen[0][1] == 5


def test_the_empty_tree_can_be_signed_and_is_the_beginning_of_every_tree(
    cosigner: Cosigner, log: History, signed: Signed
) -> None:
    signed.add(log.note(0), cosigner.add_checkpoint(log.request(0, 0)).body)
    signed.add(log.note(4), cosigner.add_checkpoint(log.request(0, 4)).body)

    assert signed.faults(log) == []


def test_another_root_for_the_empty_tree_is_refused(cosigner: Cosigner, log: History) -> None:
    note = sign_note(Checkpoint(ORIGIN, 0, bytes(32)).text(), [log.signer])

    assert cosigner.add_checkpoint(write_request(0, [], note)).status == 409


def test_other_keys_may_have_signed_too(cosigner: Cosigner, log: History) -> None:
    stranger = Signer("stranger.example", bytes(range(32)))
    text = Checkpoint(ORIGIN, 3, log.root(3)).text()

    both = write_request(0, [], sign_note(text, [stranger, log.signer]))
    only = write_request(3, [], sign_note(text, [stranger]))

    assert cosigner.add_checkpoint(both).status == 200
    assert cosigner.add_checkpoint(only).status == 403


def test_a_log_nobody_added_is_unknown(cosigner: Cosigner) -> None:
    assert cosigner.add_checkpoint(History(3, origin="other.example/log/1").request(0, 3)).status == 404


def test_a_signature_that_does_not_hold_is_refused(cosigner: Cosigner, log: History) -> None:
    assert cosigner.add_checkpoint(History(3, key="thief").request(0, 3)).status == 403
    changed = log.request(0, 3).replace(b"\n3\n", b"\n4\n")
    assert cosigner.add_checkpoint(changed).status == 403


@pytest.mark.parametrize("old", [0, 7, 9, 12])
def test_another_old_size_is_answered_with_the_known_one(cosigner: Cosigner, log: History, old: int) -> None:
    after(cosigner, log, 8)

    verdict = cosigner.add_checkpoint(log.request(old, 12))

    assert (verdict.status, verdict.body, verdict.media_type) == (409, "8\n", "text/x.tlog.size")


def test_a_smaller_tree_is_never_signed(cosigner: Cosigner, log: History) -> None:
    after(cosigner, log, 20)

    for old in (0, 5, 10):
        assert cosigner.add_checkpoint(log.request(old, 10)).status == 409
    assert cosigner.add_checkpoint(log.request(10, 10).replace(b"old 10", b"old 20")).status == 400


def test_an_old_size_above_the_new_one_is_malformed(cosigner: Cosigner, log: History) -> None:
    assert cosigner.add_checkpoint(write_request(4, [], log.note(3))).status == 400


def test_a_proof_that_does_not_hold_is_refused(cosigner: Cosigner, log: History) -> None:
    after(cosigner, log, 5)
    request = parse_request(log.request(5, 12))
    wrong = [
        request.proof[:-1],
        (*request.proof, bytes(32)),
        (bytes(32), *request.proof[1:]),
        request.proof[::-1],
        (),
    ]

    statuses = [cosigner.add_checkpoint(write_request(5, proof, request.note)).status for proof in wrong]

    assert statuses == [422] * len(wrong)
    assert cosigner.add_checkpoint(log.request(5, 12)).status == 200


def test_a_proof_from_nothing_must_be_empty(cosigner: Cosigner, log: History) -> None:
    assert cosigner.add_checkpoint(write_request(0, [bytes(32)], log.note(3))).status == 422
    assert cosigner.add_checkpoint(log.request(0, 3)).status == 200
    assert cosigner.add_checkpoint(write_request(3, [bytes(32)], log.note(3))).status == 422


def test_a_fork_is_not_signed_and_is_kept_as_proof(cosigner: Cosigner, store: Store, log: History) -> None:
    fork = History(300, fork_at=6)
    after(cosigner, log, 10)

    same_size = cosigner.add_checkpoint(fork.request(10, 10))
    longer = cosigner.add_checkpoint(fork.request(10, 20))

    assert (same_size.status, same_size.body, longer.status) == (409, "10\n", 422)
    kept = {(one.reason, one.size): one for one in store.contradictions()}
    assert set(kept) == {("other_root", 10), ("inconsistent", 20)}
    assert kept["other_root", 10].note == fork.note(10)
    assert kept["other_root", 10].known_note == log.note(10)
    assert cosigner.add_checkpoint(log.request(10, 20)).status == 200


MALFORMED = {
    "nothing": b"",
    "no empty line": b"old 0\n",
    "no old line": b"\n\n{note}",
    "leading zero": b"old 00\n\n{note}",
    "negative": b"old -1\n\n{note}",
    "two spaces": b"old  0\n\n{note}",
    "a tab": b"old\t0\n\n{note}",
    "upper case": b"Old 0\n\n{note}",
    "carriage return": b"old 0\r\n\r\n{note}",
    "larger than any tree": b"old 18446744073709551616\n\n{note}",
    "not base64": b"old 0\n!!!\n\n{note}",
    "no whole hash": b"old 0\nAAAA\n\n{note}",
    "not the one spelling": b"old 0\n" + b64encode(bytes(31)) + b"\n\n{note}",
    "64 proof lines": b"old 0\n" + (b64encode(bytes(32)) + b"\n") * 64 + b"\n{note}",
    "no note": b"old 0\n\nhello\n",
    "cut off": b"old 0\n\n{note}"[:-5],
    "no UTF-8": b"old 0\n\n\xff\xfe{note}",
    "two empty lines": b"old 0\n\n\n{note}",
}


@pytest.mark.parametrize("body", MALFORMED)
def test_what_is_no_request_is_malformed(cosigner: Cosigner, log: History, body: str) -> None:
    sent = MALFORMED[body].replace(b"{note}", log.note(3).encode())

    assert cosigner.add_checkpoint(sent).status == 400


def test_63_proof_lines_are_read(cosigner: Cosigner, log: History) -> None:
    sent = b"old 1\n" + (b64encode(bytes(32)) + b"\n") * 63 + b"\n" + log.note(3).encode()

    assert cosigner.add_checkpoint(sent).status == 409


def test_the_example_of_the_specification_is_read() -> None:
    body = (
        "old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
        "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
        "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\nexample.com/behind-the-sofa\n20852163\n"
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
        "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    ).encode()

    request = parse_request(body)

    assert (request.old, len(request.proof), request.checkpoint.size) == (20852014, 4, 20852163)
    assert write_request(request.old, request.proof, request.note) == body


def test_time_never_runs_backwards_in_what_it_states(
    cosigner: Cosigner, log: History, signed: Signed, clock: FakeClock
) -> None:
    signed.add(log.note(3), cosigner.add_checkpoint(log.request(0, 3)).body)
    clock.advance(days=-1)
    signed.add(log.note(5), cosigner.add_checkpoint(log.request(3, 5)).body)

    assert signed.faults(log) == []


async def test_requests_at_the_same_time_are_decided_one_after_the_other(
    cosigner: Cosigner, log: History, signed: Signed
) -> None:
    fork = History(300, fork_at=2)
    after(cosigner, log, 2)
    bodies = [(side, size, side.request(2, size)) for side in (log, fork) for size in range(3, 40)]

    verdicts = await asyncio.gather(
        *(asyncio.to_thread(cosigner.add_checkpoint, body) for _, _, body in bodies)
    )

    accepted = [one for one, verdict in zip(bodies, verdicts, strict=True) if verdict.status == 200]
    assert len(accepted) == 1, "all of them started from size 2, so one of them can be right"
    assert {verdict.status for verdict in verdicts} == {200, 409}


class Careless(Cosigner):
    """A witness whose check was turned off."""

    def _continues(self, latest: Latest, request: AddCheckpoint) -> bool:
        return True


async def test_a_witness_that_does_not_check_is_caught_by_the_check_of_these_tests(
    tmp_path: Path, store: Store, log: History, signed: Signed, entropy: SeededEntropy, clock: FakeClock
) -> None:
    careless = Careless(store, await identity.unlock(tmp_path / "w", store, None, entropy), clock)
    fork = History(300, fork_at=6)
    for side, old, new in ((log, 0, 10), (fork, 10, 20)):
        signed.add(side.note(new), careless.add_checkpoint(side.request(old, new)).body)

    assert signed.faults(log, fork) == [f"the trees of {ORIGIN} are no single history"]


def test_two_trees_of_one_size_and_a_smaller_tree_are_caught_too(log: History) -> None:
    fork = History(300, fork_at=6)
    key = Signer(NAME, bytes(32), 4)
    seen = Signed(key.verifier.vkey)
    for side, size, time in ((log, 10, 1), (fork, 10, 2), (log, 4, 3)):
        note = side.note(size)
        seen.add(note, key.cosign(note.split("\n\n")[0] + "\n", time).line)

    assert len(seen.faults(log, fork)) == 3


def test_the_file_itself_refuses_to_go_back(store: Store, cosigner: Cosigner, log: History) -> None:
    after(cosigner, log, 10)

    with pytest.raises(Exception, match="never goes back"), store.deciding(ORIGIN) as decision:
        decision.remember(Checkpoint(ORIGIN, 9, log.root(9)), "", 1)
    with pytest.raises(Exception, match="never goes back"), store.deciding(ORIGIN) as decision:
        decision.remember(Checkpoint(ORIGIN, 10, bytes(32)), "", 1)


async def test_the_key_is_private_and_can_be_sealed(tmp_path: Path, entropy: SeededEntropy) -> None:
    folder = tmp_path / "sealed"
    store = await identity.create(folder, NAME, "four old trams", entropy)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"witness.key": 0o600, "witness.sqlite": 0o600}
    assert (await identity.unlock(folder, store, "four old trams", entropy)).verifier.vkey == store.vkey
    with pytest.raises(StartFailure, match="AMANA_WITNESS_PASSPHRASE"):
        await identity.unlock(folder, store, None, entropy)
    with pytest.raises(StartFailure, match="does not open the witness key file"):
        await identity.unlock(folder, store, "three old trams", entropy)


async def test_a_second_witness_is_not_made_over_the_first(tmp_path: Path, entropy: SeededEntropy) -> None:
    store = await identity.create(tmp_path / "w", NAME, None, entropy)

    with pytest.raises(StartFailure, match="never made anew"):
        await identity.create(tmp_path / "w", "other.example", None, entropy)
    assert Store(tmp_path / "w").vkey == store.vkey


@pytest.mark.parametrize("name", ["", "two words", "a+b", "müller.example"])
async def test_names_that_break_the_format_are_refused(
    tmp_path: Path, entropy: SeededEntropy, name: str
) -> None:
    with pytest.raises(StartFailure, match="cannot be the name"):
        await identity.create(tmp_path / "w", name, None, entropy)


@pytest.fixture
async def pages(
    tmp_path: Path, store: Store, cosigner: Cosigner, entropy: SeededEntropy, clock: FakeClock
) -> AsyncIterator[httpx.AsyncClient]:
    signer = await identity.unlock(tmp_path / "w", store, None, entropy)
    transport = httpx.ASGITransport(app=WitnessPages(cosigner, signer, clock))
    async with httpx.AsyncClient(transport=transport, base_url="http://witness") as client:
        yield client


@pytest.mark.parametrize(
    ("language", "words"), [("en", "A witness"), ("ar", 'dir="rtl"'), ("et", "Tunnistaja")]
)
async def test_people_see_what_it_is_and_its_key(
    pages: httpx.AsyncClient, store: Store, language: str, words: str
) -> None:
    answer = await pages.get("/", headers={"accept-language": language})

    assert words in answer.text
    assert store.vkey in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_nothing_else_is_there(pages: httpx.AsyncClient) -> None:
    answers = [
        await pages.get("/add-checkpoint"),
        await pages.post("/"),
        await pages.get("/log"),
        await pages.post("/add-checkpoint", content=b"x" * (MAX_BODY_BYTES + 1)),
    ]

    assert [answer.status_code for answer in answers] == [405, 405, 404, 413]


async def test_asking_too_often_is_refused_for_a_while(
    pages: httpx.AsyncClient, log: History, clock: FakeClock
) -> None:
    statuses = [(await pages.post("/add-checkpoint", content=b"")).status_code for _ in range(70)]
    clock.advance(seconds=5)

    assert statuses[0] == 400
    assert statuses[-1] == 429
    assert (await pages.post("/add-checkpoint", content=log.request(0, 3))).status_code == 200
