"""Formatting: what people type becomes a tree of spans, never HTML.

The marks are those that people know from their telephones: ``*bold* _italic_ ~struck~``, one or three
backticks for code, lines that start with ``- `` or ``> ``, and addresses that start with http:// or https://.
A mark counts only at the edge of a word, so ``2*3*4`` and ``snake_case`` stay what they are. What does not
close is text.

One pass over the text, whatever it contains: every lookup that has failed once is not tried again.

The tree is plain JSON. Blocks: ``p`` and ``quote`` with ``spans``, ``list`` with ``items`` (each a list of
spans), ``code`` with ``text``. Spans: ``text`` and ``code`` with ``text``; ``b``, ``i``, ``s`` with
``spans``; ``link`` with ``text`` (as typed) and ``href``; ``mention`` with ``text`` (as typed) and
``user_id``, which is left out where everybody is meant.
"""

import re
from collections.abc import Sequence
from typing import TypedDict
from unicodedata import category

from amana.conversations.mentions.model import Found

Node = dict[str, object]


class Block(TypedDict, total=False):
    """One block of a text; which keys are present follows from ``t``."""

    t: str
    spans: list[Node]
    text: str
    items: list[list[Node]]


_STYLES = {"*": "b", "_": "i", "~": "s"}
# Direction overrides end an address: they could make it look like another one.
_URL = r"https?://[^\s<>\"`\u200e\u200f\u202a-\u202e\u2066-\u2069\x00-\x1f]+"
# While a text is read, a name in it is its number between two of these: no text that is stored has one.
_HELD = "\x00"
_NAME = re.compile(rf"{_HELD}(\d+){_HELD}")
_TOKEN = re.compile(rf"{_URL}|[*_~`]|{_NAME.pattern}", re.IGNORECASE)
# Nothing of this in a text: it is one plain paragraph. Plain searches, because they run for every message
# and cost a tenth of an expression.
_MARKS = ("*", "_", "~", "`", "://", "\n- ", "\n> ")
_FIRST_MARKS = ("- ", "> ")
_TRAILING = ".,;:!?'\u060c\u061b\u061f\u2026\u00bb\u201c\u201d\u2019"
_PAIRS = {")": "(", "]": "[", "}": "{"}


def is_plain(text: str) -> bool:
    """Whether ``text`` has nothing that could be formatting, so that it is one paragraph as it stands."""
    return not text.startswith(_FIRST_MARKS) and not any(mark in text for mark in _MARKS)


def parse(text: str, names: Sequence[Found] = ()) -> list[Block]:
    """Give the blocks of ``text``, in order: everything that was typed but the marks.

    Args:
        names: who is named where, in the order of the text, without overlaps.
    """
    if is_plain(text) and not names:
        return [{"t": "p", "spans": [{"t": "text", "text": text}]}]
    text = _held(text, names)
    blocks = _Blocks(names)
    _add_blocks(blocks, text)
    return blocks.all


class _Blocks:
    """The blocks so far, and who is named in them."""

    def __init__(self, names: Sequence[Found]) -> None:
        self.all: list[Block] = []
        self.names = names

    def typed(self, text: str) -> str:
        """What was typed: in code a name is nothing but its letters."""
        if not self.names:
            return text
        return _NAME.sub(lambda found: self.names[int(found[1])][2].text, text)

    def inline(self, line: str) -> list[Node]:
        return _inline(line, self)


def _held(text: str, names: Sequence[Found]) -> str:
    """Put a number in the place of every name, so that no mark is seen in it."""
    parts: list[str] = []
    place = 0
    for number, (start, end, _) in enumerate(names):
        parts += (text[place:start], f"{_HELD}{number}{_HELD}")
        place = end
    parts.append(text[place:])
    return "".join(parts)


def _add_blocks(blocks: _Blocks, text: str) -> None:
    place = 0
    while (fence := _next_fence(text, place)) is not None:
        start, end = fence
        _add_lines(blocks, text[place:start].removesuffix("\n"))
        blocks.all.append({"t": "code", "text": blocks.typed(text[start + 3 : end].strip("\n"))})
        place = end + 3
        if text.startswith("\n", place):
            place += 1
    _add_lines(blocks, text[place:])


def _next_fence(text: str, place: int) -> tuple[int, int] | None:
    """Find the next line that opens a code block which is closed and not empty."""
    start = text.find("```", place)
    while start >= 0:
        end = text.find("```", start + 3)
        if end < 0:
            return None
        if (start == 0 or text[start - 1] == "\n") and text[start + 3 : end].strip():
            return start, end
        start = end
    return None


def _add_lines(blocks: _Blocks, text: str) -> None:
    if not text:
        return
    for line in text.split("\n"):
        last = blocks.all[-1] if blocks.all else None
        if line.startswith("- ") and line[2:].strip():
            if last is None or last["t"] != "list":
                last = {"t": "list", "items": []}
                blocks.all.append(last)
            last["items"].append(blocks.inline(line[2:]))
        elif line.startswith("> ") and line[2:].strip():
            _add_to(blocks.all, "quote", blocks.inline(line[2:]))
        else:
            _add_to(blocks.all, "p", blocks.inline(line))


def _add_to(blocks: list[Block], kind: str, nodes: list[Node]) -> None:
    """Continue the last block when it is of the same kind, with the line break that was typed."""
    if blocks and blocks[-1]["t"] == kind:
        blocks[-1]["spans"].append({"t": "text", "text": "\n"})
        blocks[-1]["spans"].extend(nodes)
    else:
        blocks.append({"t": kind, "spans": nodes})


class _Line:
    """One line while it is read: a stack of styles that are open, at most one of each."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.stack: list[tuple[str, list[Node]]] = [("", [])]

    def add(self, node: Node) -> None:
        self.stack[-1][1].append(node)

    def text(self, value: str) -> None:
        """Add a run of text; runs are joined at the end, as adding strings here would cost the square."""
        if value:
            self.add({"t": "text", "text": value})

    def open_marks(self) -> set[str]:
        return {mark for mark, _ in self.stack}

    def fold(self) -> None:
        """The innermost open style never closes: its mark is text."""
        mark, nodes = self.stack.pop()
        self.text(mark)
        self.stack[-1][1].extend(nodes)

    def close(self, mark: str) -> None:
        while self.stack[-1][0] != mark:
            self.fold()
        _, nodes = self.stack.pop()
        self.add({"t": _STYLES[mark], "spans": _joined(nodes)})

    def finish(self) -> list[Node]:
        while len(self.stack) > 1:
            self.fold()
        return _joined(self.stack[0][1])


def _inline(line: str, blocks: _Blocks) -> list[Node]:
    state = _Line(line)
    place = 0
    no_more_code = False
    token = _TOKEN.search(line)
    while token is not None:
        start, found = token.start(), token.group()
        state.text(line[place:start])
        place = token.end()
        if found in _STYLES:
            _style(state, found, start)
        elif found[0] == _HELD:
            state.add(_mention(blocks.names[int(found[1:-1])]))
        elif found == "`":
            end = -1 if no_more_code else line.find("`", place)
            no_more_code = end < 0
            if end > place and line[place:end].strip():
                state.add({"t": "code", "text": blocks.typed(line[place:end])})
                place = end + 1
            else:
                state.text("`")
        else:
            place = _link(state, found, start)
        token = _TOKEN.search(line, place)
    state.text(line[place:])
    return state.finish()


def _mention(name: Found) -> Node:
    naming = name[2]
    node: Node = {"t": "mention", "text": naming.text}
    return node if naming.user_id is None else {**node, "user_id": str(naming.user_id)}


def _style(state: _Line, mark: str, start: int) -> None:
    line = state.line
    before = line[start - 1] if start else " "
    after = line[start + 1] if start + 1 < len(line) else " "
    if mark in state.open_marks():
        empty = state.stack[-1][0] == mark and not state.stack[-1][1]
        if not before.isspace() and not _in_word(after) and not empty:
            state.close(mark)
            return
    elif not after.isspace() and not _in_word(before):
        state.stack.append((mark, []))
        return
    state.text(mark)


def _in_word(character: str) -> bool:
    """Letters, digits and the marks that sit on letters (Arabic vowels, accents)."""
    return character.isalnum() or category(character).startswith("M")


def _link(state: _Line, found: str, start: int) -> int:
    """Add an address, without the punctuation that ends the sentence; give where reading goes on."""
    end = 0 if start and _in_word(state.line[start - 1]) else _link_end(found, open_marks=state.open_marks())
    if end <= found.index("://") + 3:
        # Not split further: reading the rest again for every scheme in it would cost the square.
        state.text(found)
        return start + len(found)
    state.add({"t": "link", "text": found[:end], "href": found[:end]})
    return start + end


def _link_end(found: str, *, open_marks: set[str]) -> int:
    counts = {mark: found.count(mark) for mark in "()[]{}"}
    end = len(found)
    while end:
        last = found[end - 1]
        if last in _PAIRS:
            if counts[last] <= counts[_PAIRS[last]]:
                break
            counts[last] -= 1
        elif last not in _TRAILING and last not in open_marks:
            break
        end -= 1
    return end


def _joined(nodes: list[Node]) -> list[Node]:
    """Make one text node of each run of them."""
    result: list[Node] = []
    run: list[str] = []
    for node in nodes:
        if node["t"] == "text":
            run.append(str(node["text"]))
            continue
        if run:
            result.append({"t": "text", "text": "".join(run)})
            run = []
        result.append(node)
    if run:
        result.append({"t": "text", "text": "".join(run)})
    return result
