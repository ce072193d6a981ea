"""Hashing never blocks the loop and never piles up."""

import asyncio
import threading

import pytest

from amana.people.common_passwords import common_passwords
from amana.people.errors import PasswordQueueFull, PasswordTooCommon, PasswordTooLong, PasswordTooShort
from amana.people.passwords import MAX_WAITING, Argon2, Passwords, check_password
from tests.support.people import CountingHasher


async def test_argon2id_accepts_its_own_and_nothing_else() -> None:
    passwords = Passwords(concurrency=1)
    stored = await passwords.hash("seven green kettles")

    assert stored.startswith("$argon2id$")
    assert await passwords.verify(stored, "seven green kettles")
    assert not await passwords.verify(stored, "seven green kettle")
    assert not await passwords.verify(None, "seven green kettles")
    assert not await passwords.verify("garbage", "seven green kettles")
    assert not passwords.is_outdated(stored)
    passwords.close()


async def test_an_unknown_person_costs_one_verification_like_a_known_one() -> None:
    hasher = CountingHasher()
    passwords = Passwords(hasher, concurrency=1)
    await passwords.verify(None, "warm up")
    hasher.calls.clear()

    await passwords.verify(None, "whatever")

    assert hasher.calls == ["verify"]
    passwords.close()


class StuckHasher(CountingHasher):
    """Hashes only when let go, like a machine under load."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.running = 0
        self.most = 0
        self._lock = threading.Lock()

    def hash(self, password: str) -> str:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.gate.wait(10)
        with self._lock:
            self.running -= 1
        return super().hash(password)


async def test_the_loop_stays_free_and_the_queue_is_bounded() -> None:
    hasher = StuckHasher()
    passwords = Passwords(hasher, concurrency=2)
    waiting = [asyncio.create_task(passwords.hash("x")) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0.05)

    with pytest.raises(PasswordQueueFull):
        await passwords.hash("one too many")
    hasher.gate.set()
    await asyncio.gather(*waiting)

    assert hasher.most == 2
    assert await passwords.hash("free again") == "fake:free again"
    passwords.close()


def test_parameters_stay_above_the_floor_of_owasp() -> None:
    stored = Argon2().hash("x")

    assert "m=47104,t=2,p=1" in stored


@pytest.mark.parametrize(
    "password",
    [
        *("password12", "PASSWORT123", "aaaaaaaaaaaa", "abcabcabcabc", "qwertyuiop", "Summer2026!"),
        *("manchester1998", "!!butterfly!!", "teretulemast"),
    ],
)
def test_what_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooCommon):
        check_password(password)


def test_the_list_of_frequent_passwords_is_as_long_as_the_standard_asks() -> None:
    assert len(common_passwords()) > 3_000


@pytest.mark.parametrize("password", ["seven green kettles", "kettle Zug öö 7", "mõisavärav 1923 kast"])
def test_three_words_of_ones_own_pass(password: str) -> None:
    check_password(password)


def test_lengths_are_counted_in_characters_after_normalisation() -> None:
    check_password("ж" * 5 + "щ" * 5)
    with pytest.raises(PasswordTooShort):
        check_password("nine char")
    with pytest.raises(PasswordTooLong):
        check_password("ab cd efg " * 26)


async def test_the_same_keys_on_another_system_open_the_same_account() -> None:
    passwords = Passwords(CountingHasher(), concurrency=1)

    assert await passwords.verify(await passwords.hash("Jürgens Kännchen"), "Ju\u0308rgens Ka\u0308nnchen")
    passwords.close()
