"""Named parameters: ``:name`` in a statement becomes ``$1``, ``$2``, … once and is kept."""

import re
from collections.abc import Mapping
from functools import lru_cache

# What may hold a colon that is no parameter comes first, so that the scan steps over it:
# strings, E-strings, quoted names, dollar quotes, comments, casts, assignments, array slices.
_TOKEN = re.compile(
    r"""
      [eE]'(?:[^'\\]|''|\\.)*'
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | \$(?P<tag>[A-Za-z_]\w*)?\$.*?\$(?(tag)(?P=tag))\$
    | --[^\n]*
    | /\*.*?\*/
    | ::
    | (?<![\w\])])(?::(?P<name>[A-Za-z_]\w*))
    """,
    re.VERBOSE | re.DOTALL,
)


@lru_cache(maxsize=2000)
def compile_named(sql: str) -> tuple[str, tuple[str, ...]]:
    """Give the statement with ``$n`` and the names in the order of their numbers.

    ``::type``, string and dollar-quoted literals, quoted names, comments and ``a[x:y]`` stay
    as they are. A name used twice has one number, hence one type: cast where that is unclear.
    """
    numbers: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            return match[0]
        return f"${numbers.setdefault(name, len(numbers) + 1)}"

    return _TOKEN.sub(number, sql), tuple(numbers)


def bind(sql: str, values: Mapping[str, object]) -> tuple[str, list[object]]:
    """Compile ``sql`` and put ``values`` in order.

    Raises:
        TypeError: a parameter has no value, or a value no parameter: a mistake in the code.
    """
    compiled, names = compile_named(sql)
    if len(names) != len(values) or any(name not in values for name in names):
        missing = sorted(set(names) - set(values))
        surplus = sorted(set(values) - set(names))
        raise TypeError(f"Parameters do not fit the statement: missing {missing}, not used {surplus}.")
    return compiled, [values[name] for name in names]
