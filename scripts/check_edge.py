"""What decides does not know the edge: no module of the domains reaches HTTP, not even through another.

    python scripts/check_edge.py [FOLDER]      FOLDER holds the package `amana`; by default src/

The edge of a domain are its `http`, `wire`, `visits` and `sign_in_http` modules, wherever they stand; all its
other modules decide. import-linter would want every one of them by name.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import grimp

DOMAINS = ("amana.conversations", "amana.people")
EDGE = frozenset({"http", "wire", "visits", "sign_in_http"})
KERNEL_OF_THE_EDGE = "amana.http"


def is_edge(module: str) -> bool:
    """Whether a module of a domain parses and answers, and decides nothing."""
    return module.rpartition(".")[2] in EDGE


def broken(graph: grimp.ImportGraph) -> Iterator[str]:
    """Every way from a deciding module to the edge, as one line."""
    packages = {module for module in graph.modules if graph.find_children(module)}
    within = {module for module in graph.modules if module.startswith(tuple(f"{name}." for name in DOMAINS))}
    edge = {module for module in within if is_edge(module)}
    edge |= {KERNEL_OF_THE_EDGE, *graph.find_descendants(KERNEL_OF_THE_EDGE)} & graph.modules
    # A package's own file declares its routes: it joins both sides.
    for module in sorted(within - edge - packages):
        for reached in sorted(graph.find_upstream_modules(module) & edge):
            chain = graph.find_shortest_chain(module, reached)
            yield " → ".join(chain or (module, reached))


def main(folder: Path) -> int:
    """Print what is wrong; 1 when anything is."""
    sys.path.insert(0, str(folder))
    found = list(broken(grimp.build_graph("amana", cache_dir=None)))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("src")))
