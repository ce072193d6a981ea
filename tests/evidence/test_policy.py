"""Policies of C2SP tlog-policy: what is one, what is none, and when it is satisfied."""

from hashlib import sha256
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amana.evidence.tlog.notes import COSIGNATURE_V1, Signer
from amana.evidence.tlog.policy import MAX_WITNESSES, NONE, Policy, PolicyError


def vkey(name: str, kind: int = COSIGNATURE_V1, *, key: str | None = None) -> str:
    seed = sha256((key or name).encode()).digest()
    return Signer(name, seed, kind).verifier.vkey


LOG = vkey("log.example/1", 1)
W = {
    name: f"witness {name} {vkey(f'w.example/{name}')}"
    for name in ("A", "B", "C", "X1", "X2", "X3", "Y1", "Y2", "Y3")
}
TWO_LEVELS = "\n".join(
    [
        f"log {LOG}",
        "",
        *(W[name] for name in ("X1", "X2", "X3")),
        "group X-witnesses 2 X1 X2 X3",
        *(W[name] for name in ("Y1", "Y2", "Y3")),
        "group Y-witnesses any Y1 Y2 Y3",
        "group X-and-Y all X-witnesses Y-witnesses",
        "quorum X-and-Y",
        "",
    ]
)


@pytest.mark.parametrize(
    ("signed", "is_enough"),
    [
        ("", False),
        ("X1 X2 X3", False),
        ("Y1 Y2 Y3", False),
        ("X1 Y1", False),
        ("X1 X3 Y2", True),
        ("X1 X2 X3 Y1 Y2 Y3", True),
        # Names of groups are not signatures.
        ("X-witnesses Y-witnesses", False),
        ("X-and-Y", False),
    ],
)
def test_the_example_of_the_specification(signed: str, is_enough: bool) -> None:
    policy = Policy.parse(TWO_LEVELS)

    assert policy.satisfied_by(signed.split()) is is_enough
    assert [log.verifier.name for log in policy.logs] == ["log.example/1"]


def test_quorum_none_needs_nobody() -> None:
    assert Policy.parse("quorum none\n").satisfied_by([])
    assert Policy.parse(f"{W['A']}\nquorum none\n").satisfied_by(["stranger"])


def test_blanks_and_comments_do_not_matter_and_urls_are_kept() -> None:
    text = f" # why\n\t{W['A']}\t https://a.example/w \n \n\tquorum  A\t"

    policy = Policy.parse(text)

    assert policy.witnesses["A"].url == "https://a.example/w"
    assert policy.witnesses["A"].verifier.vkey == vkey("w.example/A")
    assert (policy.satisfied_by(["A"]), policy.satisfied_by([])) == (True, False)


def test_a_name_is_its_octets_and_not_what_it_looks_like() -> None:
    kelvin = f"witness \u212a {vkey('w.example/k1')}\nwitness K {vkey('w.example/k2')}\nquorum \u212a\n"

    policy = Policy.parse(kelvin)

    assert (policy.satisfied_by(["K"]), policy.satisfied_by(["\u212a"])) == (False, True)
    # A no-break space is part of a name, not the end of it.
    assert "a\u00a0b" in Policy.parse(f"witness a\u00a0b {vkey('w.example/k3')}\nquorum none").witnesses


WRONG: dict[str, tuple[str, int]] = {
    "no quorum": (W["A"], 0),
    "two quorums": (f"{W['A']}\nquorum A\nquorum none", 3),
    "quorum of a stranger": (f"{W['A']}\nquorum B", 2),
    "quorum before its witness": (f"quorum A\n{W['A']}", 1),
    "quorum of two": (f"{W['A']}\n{W['B']}\nquorum A B", 3),
    "group before its member": (f"group g any A\n{W['A']}\nquorum g", 1),
    "group in itself": ("group g any g\nquorum g", 1),
    "empty group": ("group g any\nquorum g", 1),
    "more needed than there are": (f"{W['A']}\n{W['B']}\ngroup g 3 A B\nquorum g", 3),
    "none needed": (f"{W['A']}\ngroup g 0 A\nquorum g", 2),
    "a number of another writing": (f"{W['A']}\ngroup g 01 A\nquorum g", 2),
    "another word": (f"{W['A']}\ngroup g most A\nquorum g", 2),
    "a member twice in one group": (f"{W['A']}\ngroup g any A A\nquorum g", 2),
    "a member of two groups": (f"{W['A']}\ngroup g any A\ngroup h any A\nquorum h", 3),
    "a name twice": (f"{W['A']}\nwitness A {vkey('w.example/other')}\nquorum A", 2),
    "a group called like a witness": (f"{W['A']}\ngroup A any A\nquorum A", 2),
    "a key twice": (f"{W['A']}\nwitness B {vkey('b.example', key='w.example/A')}\nquorum A", 2),
    "a log's key twice": (f"log {LOG}\nlog {vkey('other.example', 1, key='log.example/1')}\nquorum none", 2),
    "none as a name": (f"witness none {vkey('w.example/A')}\nquorum none", 1),
    "none as a member": (f"{W['A']}\ngroup g any none\nquorum g", 2),
    "a log's key for a witness": (f"witness A {LOG}\nquorum A", 1),
    "a witness's key for a log": (f"log {vkey('w.example/A')}\nquorum none", 1),
    "no key": ("witness A\nquorum none", 1),
    "a broken key": ("witness A a+00000000+AAAA\nquorum none", 1),
    "too many words": (f"{W['A']} https://a.example more\nquorum A", 1),
    "an unknown line": ("server x\nquorum none", 1),
    "upper case": ("QUORUM none", 1),
    "a carriage return": ("quorum none\r\n", 1),
    "a null": ("quorum none\n# \0", 2),
    "a delete": ("quorum none\n# \x7f", 2),
    "a line separator is no newline": ("# why\u2028quorum none", 0),
    "longer than anybody writes": ("quorum none\n" + "#" * 70_000, 0),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_policy_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(PolicyError) as refused:
        Policy.parse(WRONG[text][0])

    assert refused.value.line == WRONG[text][1]


def test_at_least_thirty_two_of_each_are_possible() -> None:
    lines = [f"log {vkey(f'log.example/{n}', 1)}" for n in range(32)]
    lines += [f"witness w{n} {vkey(f'w.example/{n}')}" for n in range(32)]
    lines += [f"group g{n} any w{n}" for n in range(31)]
    lines += ["group all 31 " + " ".join(f"g{n}" for n in range(31)), "quorum all"]

    policy = Policy.parse("\n".join(lines))

    assert policy.satisfied_by([f"w{n}" for n in range(31)])
    assert not policy.satisfied_by([f"w{n}" for n in range(1, 32)])


def test_too_many_witnesses_are_refused() -> None:
    lines = [f"witness w{n} {vkey(f'w.example/{n}')}" for n in range(MAX_WITNESSES + 1)]

    with pytest.raises(PolicyError, match="more than"):
        Policy.parse("\n".join([*lines, "quorum none"]))


Tree = str | tuple[int, tuple["Tree", ...]]
KEYS = [vkey(f"w.example/{n}") for n in range(8)]


@st.composite
def trees(draw: st.DrawFn) -> tuple[Tree, int]:
    """A random tree of groups over up to eight witnesses, each used at most once."""
    count = draw(st.integers(1, 8))
    nodes: list[Tree] = [f"w{n}" for n in range(count)]
    while len(nodes) > 1 and draw(st.booleans()):
        size = draw(st.integers(1, len(nodes)))
        members, nodes = nodes[:size], nodes[size:]
        nodes.append((draw(st.integers(1, size)), tuple(members)))
        nodes = draw(st.permutations(nodes))
    return nodes[0], count


def as_text(tree: Tree, count: int) -> str:
    lines = [f"witness w{n} {KEYS[n]}" for n in range(count)]

    def name(node: Tree) -> str:
        if isinstance(node, str):
            return node
        needed, members = node
        names = [name(member) for member in members]
        rule = "any" if needed == 1 else "all" if needed == len(members) else str(needed)
        lines.append(f"group g{len(lines)} {rule} {' '.join(names)}")
        return lines[-1].split()[1]

    quorum = name(tree)
    return "\n".join([*lines, f"quorum {quorum}"])


def counts(tree: Tree, signed: frozenset[str]) -> bool:
    """What the specification says, without parsing anything."""
    if isinstance(tree, str):
        return tree in signed
    needed, members = tree
    return len([member for member in members if counts(member, signed)]) >= needed


def disagreements(policy: Policy, tree: Tree, count: int) -> list[frozenset[str]]:
    """Every set of witnesses for which the policy and the tree differ."""
    names = [f"w{n}" for n in range(count)]
    subsets = [frozenset(some) for size in range(count + 1) for some in combinations(names, size)]
    return [signed for signed in subsets if policy.satisfied_by(signed) is not counts(tree, signed)]


@settings(max_examples=150, deadline=None)
@given(trees())
def test_every_set_of_witnesses_is_judged_as_the_groups_say(drawn: tuple[Tree, int]) -> None:
    tree, count = drawn

    assert disagreements(Policy.parse(as_text(tree, count)), tree, count) == []


def test_the_comparison_sees_a_policy_that_counts_wrongly() -> None:
    tree: Tree = (2, ("w0", (1, ("w1", "w2"))))

    assert disagreements(Policy.parse(as_text((1, ("w0", (1, ("w1", "w2")))), 3)), tree, 3) != []
    assert disagreements(Policy.parse(as_text("w0", 3).replace("quorum w0", f"quorum {NONE}")), tree, 3) != []
