"""Notes, checkpoints and cosignatures against published vectors, and what is not one of them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.evidence.tlog import notes
from amana.evidence.tlog.notes import Checkpoint, Signer, Verifier

# golang.org/x/mod/sumdb/note, note_test.go.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
PETER_KEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"  # noqa: E501  a vector is one line
ENOCH_LINE = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"  # noqa: E501  a vector is one line
NOTE = f"{TEXT}\n{PETER_LINE}"

# A log with the key 07×32 and a witness with the key 09×32.
CHECKPOINT = """audit.example.org/log/01
3
nno87ALOjc9LjeObayIw1GaO8MyeOCr0G6S6qQEm6Iw=
"""
LOG_LINE = "— audit.example.org/log/01 Sug0KOCkOLMUgGQ1fCc1tzppxE3gJ0d93OBeUd0alHPouRpSWFCbsdedsQdYGdH9g9/xImmoWLDLCoFl1pnkZk/+DAk=\n"  # noqa: E501  a vector is one line
WITNESS_LINE = "— witness.betriebsrat.example/w1 zUlsIQAAAABpgA7km/o9Bg6/0uZkAgn4Dbweul3janVs6xV/mgIGt20zBofc7IT06tfdMAoqrFoWEZPx2GL6YxdRoWf2Ri7IucHVBg==\n"  # noqa: E501
LOG = "audit.example.org/log/01+4ae83428+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs"
WITNESS = "witness.betriebsrat.example/w1+cd496c21+BP0XJDhaoMdbZPt4zWAvodmR/ev3axPFjtcC6sg16fYY"

# The example of c2sp.org/tlog-cosignature: its keys are not published, its form is.
EXAMPLE = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501


@pytest.fixture
def peter() -> Verifier:
    return Verifier.parse(PETER)


@pytest.mark.parametrize("vkey", [PETER, ENOCH, LOG, WITNESS])
def test_a_verifier_key_is_read_and_written_alike(vkey: str) -> None:
    assert Verifier.parse(vkey).vkey == vkey


def test_the_published_note_opens_and_is_signed_alike(peter: Verifier) -> None:
    private = notes.decode_base64(PETER_KEY.split("+", 4)[4])[1:]

    note = notes.open_note(NOTE, [peter])

    assert (note.text, [signature.name for signature in note.signatures]) == (TEXT, ["PeterNeumann"])
    assert notes.sign_note(TEXT, [Signer("PeterNeumann", private)]) == NOTE


def test_signatures_of_others_are_left_unchecked(peter: Verifier) -> None:
    note = notes.open_note((NOTE + ENOCH_LINE).encode(), [peter])

    assert [signature.line for signature in note.unknown] == [ENOCH_LINE]
    both = notes.open_note(NOTE + ENOCH_LINE, [peter, Verifier.parse(ENOCH)])
    assert len(both.signatures) == 2
    assert both.unknown == ()


def test_a_repeated_signature_counts_once(peter: Verifier) -> None:
    note = notes.open_note(NOTE + PETER_LINE + ENOCH_LINE * 2, [peter])

    assert (len(note.signatures), len(note.unknown)) == (1, 1)


def test_a_note_that_nobody_known_signed_is_refused() -> None:
    with pytest.raises(notes.NotSigned):
        notes.open_note(NOTE, [Verifier.parse(ENOCH)])


@pytest.mark.parametrize(
    "note",
    [
        NOTE.replace("cryptography", "Cryptography"),
        f"{TEXT}\n{PETER_LINE[:60]}ABCD{PETER_LINE[60:]}",
        f"{TEXT}\n{PETER_LINE.replace('NIuG', 'NIuH')}",
    ],
)
def test_a_changed_note_is_told_from_an_unsigned_one(peter: Verifier, note: str) -> None:
    with pytest.raises(notes.BadSignature, match="PeterNeumann"):
        notes.open_note(note, [peter])


@pytest.mark.parametrize(
    "note",
    [
        TEXT,
        TEXT + "\n",
        NOTE[:-1],
        "\x01" + NOTE,
        NOTE.replace("\n", "\r\n"),
        b"\xff" + NOTE.encode(),
        NOTE.encode().replace(b"\xe2\x80\x94", b"\xe2\x80"),
        f"{TEXT}\n— Bad Name {PETER_LINE.split()[2]}\n",
        f"{TEXT}\n— Bad\u2003Name {PETER_LINE.split()[2]}\n",
        f"{TEXT}\n— Bad+Name {PETER_LINE.split()[2]}\n",
        f"{TEXT}\n—  {PETER_LINE.split()[2]}\n",
        f"{TEXT}\n— PeterNeumann x08gow==\n",
        f"{TEXT}\n— PeterNeumann \n",
        f"{TEXT}\n— PeterNeumann\n",
        NOTE + "Unexpected line.\n",
        NOTE + "\n",
        f"{TEXT}\n{PETER_LINE * 101}",
        NOTE + "\ud800",
        "",
        "\n",
        "\n\n",
        "x" * 1_000_001,
    ],
)
def test_what_is_no_note_is_refused(peter: Verifier, note: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"note|signature|base64|name|UTF-8"):
        notes.open_note(note, [peter])


def test_every_part_of_a_verifier_key_is_needed() -> None:
    for start in range(len(PETER) + 1):
        for end in range(start, len(PETER) + 1):
            if (start, end) != (0, len(PETER)):
                with pytest.raises(ValueError, match=r"key|base64|Ed25519"):
                    Verifier.parse(PETER[start:end])


@pytest.mark.parametrize(
    "vkey",
    [PETER[:place] + chr(ord(PETER[place]) + 1) + PETER[place + 1 :] for place in range(len(PETER))]
    + [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_a_mangled_verifier_key_is_refused(vkey: str) -> None:
    with pytest.raises(ValueError, match=r"key|base64|Ed25519"):
        Verifier.parse(vkey)


def mangled(note: bytes, chance: random.Random) -> bytes:
    """The note with one to four random damages."""
    raw = bytearray(note)
    for _ in range(chance.randint(1, 4)):
        start, end = sorted(chance.randrange(len(raw) + 1) for _ in range(2))
        match chance.randrange(5):
            case 0 if raw:
                raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
            case 1:
                del raw[start : min(end, start + 9)]
            case 2:
                raw[start:start] = chance.randbytes(chance.randint(1, 9))
            case 3:
                raw[start:start] = raw[start:end]
            case _:
                raw[start:start] = chance.choice([b"\n\n", b"\xe2\x80\x94 ", b"\n", b" ", b"+", b"\0", b"="])
    return bytes(raw)


def test_10000_malformed_notes_are_refused_without_a_crash() -> None:
    log, witness = Verifier.parse(LOG), Verifier.parse(WITNESS)
    whole = f"{CHECKPOINT}\n{LOG_LINE}{WITNESS_LINE}".encode()
    chance = random.Random(6962)

    for _ in range(10_000):
        note = mangled(whole, chance)
        try:
            opened = notes.open_note(note, [log, witness])
        except ValueError:
            continue
        # What still opens says the same: a line was doubled, taken away, or one of a stranger was added.
        assert opened.text == CHECKPOINT
        assert {signature.line for signature in opened.signatures} <= {LOG_LINE, WITNESS_LINE}


def test_the_checkpoint_vector_is_made_and_opened() -> None:
    log, witness = (
        Signer("audit.example.org/log/01", bytes([7]) * 32),
        Signer("witness.betriebsrat.example/w1", bytes([9]) * 32, notes.COSIGNATURE_V1),
    )

    note = notes.sign_note(CHECKPOINT, [log])

    assert note == f"{CHECKPOINT}\n{LOG_LINE}"
    assert (log.verifier.vkey, witness.verifier.vkey) == (LOG, WITNESS)
    assert notes.cosign(CHECKPOINT, 1770000100, witness) == WITNESS_LINE
    opened = notes.open_note(note + WITNESS_LINE, [Verifier.parse(LOG), Verifier.parse(WITNESS)])
    assert [signature.time for signature in opened.signatures][1] == 1770000100
    assert Checkpoint.parse(opened.text).text() == CHECKPOINT
    assert Checkpoint.parse(opened.text).size == 3


def test_a_cosignature_does_not_hold_for_another_time_or_checkpoint() -> None:
    witness, signature = Verifier.parse(WITNESS), notes.Signature.parse(WITNESS_LINE).signature

    assert witness.holds(CHECKPOINT, signature)
    assert not witness.holds(CHECKPOINT.replace("\n3\n", "\n4\n"), signature)
    assert not witness.holds(CHECKPOINT, bytes(8) + signature[8:])
    assert not witness.holds(CHECKPOINT, signature[8:]), "a plain signature is no cosignature"
    assert not Verifier.parse(LOG).holds(CHECKPOINT, signature)


def test_a_key_signs_only_what_its_kind_says() -> None:
    log, witness = Signer("log", bytes(32)), Signer("w", bytes(32), notes.COSIGNATURE_V1)

    with pytest.raises(ValueError, match="does not cosign"):
        notes.cosign(CHECKPOINT, 1, log)
    with pytest.raises(ValueError, match="does not sign notes"):
        notes.sign_note(CHECKPOINT, [witness])
    with pytest.raises(ValueError, match="no such time"):
        notes.cosign(CHECKPOINT, 1 << 63, witness)


def test_the_example_of_the_specification_is_read() -> None:
    note = notes.split_note(EXAMPLE)
    checkpoint = Checkpoint.parse(note.text)

    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert [signature.time for signature in note.unknown] == [None, 1679315147]


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", "o\n1\n", "o\n1\n\n", "\n1\n{root}\n", "o\n01\n{root}\n", "o\n-1\n{root}\n",
        "o\n1.\n{root}\n", "o\n\n{root}\n", "o\n١\n{root}\n", "o\n1\n{root}", "o\n1\n{root}\n\n",
        "o\n1\n{root}\n\nx\n", "o\n1\nAAAA\n", "o\n1\n {root}\n", "o\n123456789012345678901\n{root}\n",
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"checkpoint|base64"):
        Checkpoint.parse(text.format(root=CHECKPOINT.split("\n")[2]))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\tb", "a\u00a0b", "a\nb", "\0"])
def test_a_name_with_spaces_or_a_plus_names_no_key(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Signer(name, bytes(32))


@given(st.text(max_size=80), st.binary(min_size=32, max_size=32))
def test_whatever_can_be_signed_opens(text: str, private: bytes) -> None:
    signer = Signer("log.example", private)
    try:
        note = notes.sign_note(f"{text}\n", [signer])
    except ValueError:
        return

    assert notes.open_note(note.encode(), [signer.verifier]).text == f"{text}\n"
