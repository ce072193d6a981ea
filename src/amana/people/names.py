"""Names people see and handles they sign in with: pure rules."""

import re
import unicodedata

from amana.people.errors import NameInvalid

MAX_NAME = 80
MAX_HANDLE = 32
FALLBACK_HANDLE = "user"
# Words that mean a group or the product in a mention or a sign-in form.
RESERVED_HANDLES = frozenset(
    {"all", "here", "everyone", "admin", "amana", "system", "support", "owner", "me"}
)

# Cc controls, Cf invisible and bidi overrides, Cs surrogates, Co private use, Zl/Zp separators:
# each lets one name pose as another. Joiners are needed in Arabic-script names and emoji.
# Unassigned code points stay: they are the emoji of next year.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_ALLOWED_INVISIBLE = frozenset("\u200c\u200d")

_LATIN = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i"}
_GERMAN = {"ä": "ae", "ö": "oe", "ü": "ue"}
# One Latin spelling per letter, as in passports; short vowels are not written in Arabic.
_ARABIC = {
    "ا": "a", "أ": "a", "إ": "i", "آ": "a", "ب": "b", "ت": "t", "ث": "th", "ج": "j", "ح": "h", "خ": "kh",
    "د": "d", "ذ": "dh", "ر": "r", "ز": "z", "س": "s", "ش": "sh", "ص": "s", "ض": "d", "ط": "t", "ظ": "z",
    "ع": "a", "غ": "gh", "ف": "f", "ق": "q", "ك": "k", "ل": "l", "م": "m", "ن": "n", "ه": "h", "ة": "a",
    "و": "w", "ي": "y", "ى": "a", "ئ": "y", "ؤ": "w", "ء": "", "پ": "p", "چ": "ch", "ژ": "zh", "گ": "g",
}  # fmt: skip


def clean_name(text: str, *, field: str = "display_name") -> str:
    """Give ``text`` in NFC with plain single spaces.

    Raises:
        NameInvalid: empty, longer than ``MAX_NAME`` characters, or with characters that hide
            or turn text around.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split(" ")).strip()
    name = re.sub(r" {2,}", " ", name)
    if any(_is_refused(character) for character in name):
        raise NameInvalid(field=field, reason="characters", max_characters=MAX_NAME)
    if not any(_is_visible(character) for character in name):
        raise NameInvalid(field=field, reason="empty", max_characters=MAX_NAME)
    if len(name) > MAX_NAME:
        raise NameInvalid(field=field, reason="length", max_characters=MAX_NAME)
    return name


def handle_base(display_name: str, language: str) -> str:
    """The handle a name suggests, not yet unique; ``user`` when nothing Latin comes of it.

    Args:
        display_name: already cleaned.
        language: German writes ä as ae, Estonian as a.
    """
    letters = _GERMAN if language == "de" else {}
    words = []
    for character in unicodedata.normalize("NFC", display_name).lower():
        mapped = letters.get(character) or _LATIN.get(character) or _ARABIC.get(character)
        words.append(mapped if mapped is not None else _without_marks(character))
    base = re.sub(r"[^a-z0-9]+", ".", "".join(words)).strip(".")[:MAX_HANDLE].strip(".")
    return base if len(base) > 1 else FALLBACK_HANDLE


def choose_handle(base: str, taken: frozenset[str]) -> str:
    """``base`` itself when it is free, else the first free ``base-2``, ``base-3``.

    The fallback and reserved words always carry a number.
    """
    needs_number = base == FALLBACK_HANDLE or base in RESERVED_HANDLES
    if not needs_number and base not in taken:
        return base
    number = 1 if needs_number else 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"


def typed_handle(text: str) -> str:
    """What somebody typed into the sign-in form, as it would be stored."""
    return unicodedata.normalize("NFKC", text).strip().removeprefix("@").lower()


def _is_refused(character: str) -> bool:
    if ord(character) & 0xFFFE == 0xFFFE or "\ufdd0" <= character <= "\ufdef":  # noncharacters
        return True
    return unicodedata.category(character) in _REFUSED_CATEGORIES and character not in _ALLOWED_INVISIBLE


def _is_visible(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LNSP" or category == "Cn"


def _without_marks(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character)
    return "".join(part for part in plain if not unicodedata.combining(part))
