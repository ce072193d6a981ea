"""Named parameters are found where they are, and nowhere else."""

import pytest

from amana.storage.named import bind, compile_named


def test_names_become_numbers_in_order_of_appearance() -> None:
    assert compile_named("SELECT :b, :a, :b") == ("SELECT $1, $2, $1", ("b", "a"))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT x::uuid[], '1'::text",
        "SELECT 'a :name', 'it''s :name'",
        r"SELECT E'don\'t :name'",
        'SELECT ":name" FROM "a"":b"',
        "SELECT 1 -- :name\n + 2",
        "SELECT /* :name */ 1",
        "DO $$ BEGIN PERFORM :name; END $$",
        "SELECT $body$ :name $body$, $1",
        "SELECT a[1:2], a[low:high], a[f(x):g]",
        "SELECT format('%s', :'name')",
    ],
)
def test_what_only_looks_like_a_parameter_stays(sql: str) -> None:
    assert compile_named(sql) == (sql, ())


def test_a_parameter_keeps_its_cast() -> None:
    assert compile_named("SELECT :ids::uuid[], (:at)::date, a[:n]") == (
        "SELECT $1::uuid[], ($2)::date, a[$3]",
        ("ids", "at", "n"),
    )


def test_a_parameter_after_a_literal_is_still_found() -> None:
    assert compile_named("SELECT ':no' || :yes || $$:no$$ || :also") == (
        "SELECT ':no' || $1 || $$:no$$ || $2",
        ("yes", "also"),
    )


def test_missing_and_surplus_values_are_named() -> None:
    with pytest.raises(TypeError, match=r"missing \['b'\], not used \['c'\]"):
        bind("SELECT :a, :b", {"a": 1, "c": 2})
