"""One pure function decides, and can say why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.kernel.actor import Role
from amana.people.errors import NotPermitted
from amana.people.permissions import (
    CAPABILITIES,
    INVITE,
    LEVELS,
    MINIMUM_ROLE,
    Layer,
    Reason,
    require,
    resolve,
    role_layer,
)

layers_of = st.lists(
    st.builds(
        Layer,
        st.sampled_from(LEVELS),
        st.text("abc", min_size=1, max_size=2),
        st.dictionaries(st.sampled_from([INVITE, "other"]), st.booleans()),
    ),
    max_size=6,
)


def test_nothing_said_means_no() -> None:
    assert resolve(INVITE, []) == resolve(INVITE, [Layer("person", "bo", {})])
    assert not resolve(INVITE, []).allowed


def test_the_more_specific_level_wins_and_the_answer_names_every_step() -> None:
    layers = [
        Layer("person", "bo", {INVITE: True}),
        Layer("organisation", "tamm", {INVITE: True}),
        role_layer(Role.MEMBER),
    ]

    decision = resolve(INVITE, layers)

    assert decision.allowed
    assert decision.because == (
        Reason("organisation", "tamm", True),
        Reason("role", "member", False),
        Reason("person", "bo", True),
    )


def test_between_two_units_the_refusal_wins() -> None:
    yes, no = Layer("unit", "a", {INVITE: True}), Layer("unit", "b", {INVITE: False})

    assert not resolve(INVITE, [yes, no]).allowed
    assert not resolve(INVITE, [no, yes]).allowed


@given(layers_of, st.randoms())
def test_the_order_in_which_layers_are_listed_never_matters(layers: list[Layer], random: object) -> None:
    shuffled = list(layers)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert resolve(INVITE, layers).allowed == resolve(INVITE, shuffled).allowed


@given(layers_of)
def test_the_last_reason_is_the_one_that_decided(layers: list[Layer]) -> None:
    decision = resolve(INVITE, layers)

    assert decision.allowed == (decision.because[-1].allowed if decision.because else False)


def test_every_capability_has_a_lowest_role_and_guests_have_none() -> None:
    assert set(CAPABILITIES) == set(MINIMUM_ROLE)
    for capability in CAPABILITIES:
        with pytest.raises(NotPermitted):
            require(capability, Role.GUEST)
        require(capability, Role.OWNER)
