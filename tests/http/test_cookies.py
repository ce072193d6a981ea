"""Which cookies a request really carries: what a neighbouring host sets must not become ours."""

from amana.http.asgi import cookies


def sent(*headers: bytes) -> dict[str, str]:
    return cookies({"headers": [(b"cookie", header) for header in headers]})


def test_cookies_are_split_at_semicolons_only() -> None:
    assert sent(b"a=1; b=2 c=3;d=4") == {"a": "1", "b": "2 c=3", "d": "4"}


def test_a_neighbour_cannot_smuggle_a_second_session_inside_a_value() -> None:
    found = sent(b"__Host-amana=REAL; x=1 __Host-amana=PLANTED")

    assert found["__Host-amana"] == "REAL"


def test_an_odd_value_of_another_cookie_signs_nobody_out() -> None:
    assert sent(b'prefs={"a": 1}; __Host-amana=REAL')["__Host-amana"] == "REAL"


def test_a_host_cookie_that_comes_twice_counts_as_absent() -> None:
    assert "__Host-amana" not in sent(b"__Host-amana=ONE; __Host-amana=TWO")
    assert "__Host-amana" not in sent(b"__Host-amana=ONE", b"__Host-amana=TWO")


def test_other_cookies_that_come_twice_keep_their_first_value() -> None:
    assert sent(b"a=1; a=2") == {"a": "1"}
