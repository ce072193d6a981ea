"""Which refusals each endpoint and each frame of the socket can answer with, read from the source.

From the handler on every function that may be called is followed; every refusal that is named on the
way counts. Types come from annotations, which the whole product has. Where a type is not known the
name of the method decides, so the answer may hold one too many and lacks none: a test compares it with
what servers answer.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import amana

ROOT = Path(amana.__file__).parent
# Called on things of the language itself far more often than on ours.
EVERYDAY = frozenset(dir(dict)) | frozenset(dir(list)) | frozenset(dir(set)) | frozenset(dir(str))
EVERYDAY |= frozenset(dir(bytes)) | frozenset(
    ("one", "all", "run", "value", "fetch", "result", "done", "cancel")
)
# From the lowest up, as in pyproject.toml.
RANKS = (
    "kernel", "storage", "http", "vault", "events", "evidence", "realtime", "people", "conversations",
    "compliance", "backup", "app", "cli",
)  # fmt: skip
# What these say is not what somebody gets to hear.
QUIET = frozenset({"isinstance", "issubclass", "suppress", "raises"})


@dataclass
class Class:
    """One class: its methods, what its attributes are, and what it is made from."""

    name: str
    module: str
    node: ast.ClassDef
    bases: list[str] = field(default_factory=list)
    methods: dict[str, "Function"] = field(default_factory=dict)
    attributes: dict[str, frozenset[str]] = field(default_factory=dict)
    is_protocol: bool = False


@dataclass(eq=False)
class Function:
    """One function or method."""

    name: str
    module: str
    node: ast.FunctionDef | ast.AsyncFunctionDef
    owner: str | None = None


class Product:
    """Every module of the product, by what it defines."""

    def __init__(self, root: Path = ROOT, package: str = "amana") -> None:
        self.spaces: dict[str, dict[str, str]] = {}
        self.classes: dict[str, Class] = {}
        self.functions: dict[str, Function] = {}
        self.by_method: dict[str, list[Function]] = {}
        self.trees: dict[str, ast.Module] = {}
        for path in sorted(root.rglob("*.py")):
            parts = [package, *path.relative_to(root).with_suffix("").parts]
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            self.trees[name] = ast.parse(path.read_text(encoding="utf-8"))
        for name, tree in self.trees.items():
            self._define(name, tree)
        for name, tree in self.trees.items():
            self._import(name, tree)
        for one in self.classes.values():
            self._bases(one)
        for one in self.classes.values():
            self._attributes(one)

    # -- definitions -------------------------------------------------------------------------

    def _define(self, module: str, tree: ast.Module) -> None:
        space = self.spaces[module] = {}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                space[node.name] = f"{module}.{node.name}"
                self.functions[space[node.name]] = Function(node.name, module, node)
            elif isinstance(node, ast.ClassDef):
                space[node.name] = f"{module}.{node.name}"
                self._define_class(module, node)

    def _define_class(self, module: str, node: ast.ClassDef) -> None:
        name = f"{module}.{node.name}"
        one = self.classes[name] = Class(name, module, node)
        for part in node.body:
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                method = one.methods[part.name] = Function(part.name, module, part, owner=name)
                self.by_method.setdefault(part.name, []).append(method)

    def _import(self, module: str, tree: ast.Module) -> None:
        space = self.spaces[module]
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    space.setdefault(alias.asname or alias.name, self._found(f"{node.module}.{alias.name}"))
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    space.setdefault(alias.asname or alias.name.partition(".")[0], alias.name)

    def _found(self, name: str, depth: int = 0) -> str:
        """Follow what a package re-exports to where it is defined."""
        if depth > 5 or name in self.classes or name in self.functions or name in self.trees:
            return name
        module, _, last = name.rpartition(".")
        tree = self.trees.get(module)
        for node in tree.body if tree else ():
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    if (alias.asname or alias.name) == last:
                        return self._found(f"{node.module}.{alias.name}", depth + 1)
        return name

    def _bases(self, one: Class) -> None:
        for base in one.node.bases:
            name = self.named(one.module, base)
            one.is_protocol |= name.endswith("Protocol")
            if name in self.classes:
                one.bases.append(name)

    def _attributes(self, one: Class) -> None:
        for part in one.node.body:
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                one.attributes[part.target.id] = self.types(one.module, part.annotation)
        for method in one.methods.values():
            known = self.parameters(method)
            for node in ast.walk(method.node):
                for target, value, annotation in _assignments(node):
                    if isinstance(target, ast.Attribute) and _is_self(target.value):
                        found = self.types(one.module, annotation) if annotation is not None else frozenset()
                        if isinstance(value, ast.Name):
                            found |= known.get(value.id, frozenset())
                        elif isinstance(value, ast.Call):
                            found |= frozenset({self.named(one.module, value.func)} & self.classes.keys())
                        one.attributes[target.attr] = one.attributes.get(target.attr, frozenset()) | found

    # -- names and types ---------------------------------------------------------------------

    def named(self, module: str, node: ast.expr) -> str:
        """The full name of what a name or dotted name means in a module; empty when it is something else."""
        if isinstance(node, ast.Name):
            return self.spaces[module].get(node.id, "")
        if isinstance(node, ast.Attribute):
            base = self.named(module, node.value)
            return self._found(f"{base}.{node.attr}") if base in self.trees else ""
        if isinstance(node, ast.Subscript):
            return self.named(module, node.value)
        return ""

    def types(self, module: str, annotation: ast.expr | None) -> frozenset[str]:
        """Every class of ours in an annotation: of a list its elements, of a union all of them."""
        if annotation is None:
            return frozenset()
        found: set[str] = set()
        for node in ast.walk(annotation):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
                found |= self.types(module, ast.Name(node.value, ast.Load()))
            elif (
                isinstance(node, ast.Name | ast.Attribute)
                and (name := self.named(module, node)) in self.classes
            ):
                found.add(name)
        return frozenset(found)

    def parameters(self, function: Function) -> dict[str, frozenset[str]]:
        arguments = function.node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        known = {one.arg: self.types(function.module, one.annotation) for one in every}
        if function.owner is not None and every:
            known[every[0].arg] = frozenset({function.owner})
        return known

    def methods(self, owner: str, name: str) -> Iterator[Function]:
        """What a method may be: the class's own, a base's, a subclass's, or of whatever fills a protocol."""
        one = self.classes[owner]
        if one.is_protocol:
            wanted = one.methods.keys()
            for method in self.by_method.get(name, ()):
                if method.owner is not None and wanted <= self.classes[method.owner].methods.keys():
                    yield method
            return
        if name in one.methods:
            yield one.methods[name]
        else:
            for base in one.bases:
                yield from self.methods(base, name)
        for other in self.classes.values():
            if owner in other.bases and name in other.methods:
                yield other.methods[name]

    def attribute(self, owner: str, name: str) -> frozenset[str]:
        one = self.classes[owner]
        if name in one.attributes:
            return one.attributes[name]
        found = frozenset[str]()
        if name in one.methods:
            found = self.types(one.module, one.methods[name].node.returns)
        return found.union(*(self.attribute(base, name) for base in one.bases))


class Reader:
    """Reads one function: what it may call and which refusals it names."""

    def __init__(self, product: Product, function: Function, refusals: Mapping[str, str]) -> None:
        self.product = product
        self.function = function
        self.module = function.module
        self.refusals = refusals
        self.calls: set[Function] = set()
        self.codes: set[str] = set()
        self.known = dict(product.parameters(function))
        for _ in range(2):  # a name may be given its value below its use, in a loop
            for node in ast.walk(function.node):
                self._learn(node)
        for statement in function.node.body:
            self._read(statement)

    def _learn(self, node: ast.AST) -> None:
        for target, value, annotation in _assignments(node):
            found = self.product.types(self.module, annotation) if annotation is not None else frozenset()
            if value is not None:
                found |= self.type_of(value)
            names = [target] if isinstance(target, ast.Name) else getattr(target, "elts", [])
            for name in names:
                if isinstance(name, ast.Name):
                    self.known[name.id] = self.known.get(name.id, frozenset()) | found

    def type_of(self, node: ast.expr) -> frozenset[str]:
        """The classes an expression may be an instance of; empty when that is not known."""
        product = self.product
        match node:
            case ast.Name():
                return self.known.get(node.id, frozenset())
            case ast.Await() | ast.Starred():
                return self.type_of(node.value)
            case ast.Subscript():
                return self.type_of(node.value)
            case ast.Attribute():
                owners = self.type_of(node.value)
                return frozenset().union(*(product.attribute(owner, node.attr) for owner in owners))
            case ast.Tuple() | ast.List() | ast.BoolOp() | ast.IfExp():
                parts = [one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)]
                return frozenset().union(*(self.type_of(one) for one in parts))
            case ast.Call():
                return self._type_of_call(node)
        return frozenset()

    def _type_of_call(self, node: ast.Call) -> frozenset[str]:
        product = self.product
        asked_for = product.named(self.module, node.args[0]) if node.args else ""
        if isinstance(node.func, ast.Attribute) and node.func.attr == "get" and asked_for in product.classes:
            return frozenset({asked_for})  # services are found by their class
        name = product.named(self.module, node.func)
        if name in product.classes:
            return frozenset({name})
        if name in product.functions:
            made = product.functions[name]
            return product.types(made.module, made.node.returns)
        if isinstance(node.func, ast.Attribute):
            found = frozenset[str]()
            for owner in self.type_of(node.func.value):
                for method in product.methods(owner, node.func.attr):
                    found |= product.types(method.module, method.node.returns)
            return found
        return frozenset()

    def _read(self, node: ast.AST) -> None:
        if isinstance(node, ast.ExceptHandler):
            for statement in node.body:
                self._read(statement)
            return
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in QUIET:
            return
        if isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self._read(node.value)
            return
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            self._mention(node)
        for child in ast.iter_child_nodes(node):
            self._read(child)

    def _mention(self, node: ast.Name | ast.Attribute) -> None:
        name = self.product.named(self.module, node)
        if name in self.refusals:
            self.codes.add(self.refusals[name])
        elif name in self.product.functions:
            self.calls.add(self.product.functions[name])
        elif name in self.product.classes:
            for special in ("__init__", "__post_init__"):
                self.calls.update(self.product.methods(name, special))
        elif isinstance(node, ast.Attribute) and not name:
            self._method(node)

    def _method(self, node: ast.Attribute) -> None:
        owners = self.type_of(node.value)
        found = {one for owner in owners for one in self.product.methods(owner, node.attr)}
        if not found and not owners and node.attr not in EVERYDAY:
            found = {one for one in self.product.by_method.get(node.attr, ()) if self._is_below(one)}
        if not found and owners and node.attr.startswith("_"):
            # A function that was handed in is kept under its own name.
            ending = f".{node.attr.lstrip('_')}"
            found = {one for name, one in self.product.functions.items() if name.endswith(ending)}
        self.calls |= found

    def _is_below(self, other: Function) -> bool:
        """Whether imports may go there: what hooks bring from above has a protocol, and so a type."""
        return RANKS.index(_rank(other.module)) <= RANKS.index(_rank(self.module))


def _assignments(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None, ast.expr | None]]:
    """Target, value and annotation of everything that gives a name its value."""
    match node:
        case ast.Assign():
            for target in node.targets:
                yield target, node.value, None
        case ast.AnnAssign():
            yield node.target, node.value, node.annotation
        case ast.NamedExpr():
            yield node.target, node.value, None
        case ast.For() | ast.AsyncFor() | ast.comprehension():
            yield node.target, node.iter, None
        case ast.withitem() if node.optional_vars is not None:
            yield node.optional_vars, node.context_expr, None


def _rank(module: str) -> str:
    name = module.split(".")[1] if "." in module else ""
    return name if name in RANKS else RANKS[-1]


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


@cache
def product() -> Product:
    return Product()


def reachable(
    entries: Iterable[str], refusals: Mapping[str, str], *, here: Product | None = None
) -> frozenset[str]:
    """Codes of all refusals that may come out of these functions.

    Args:
        entries: full names of functions, or of methods as ``module.Class.method``.
        refusals: full name of each class of refusals → its code.
    """
    here = here or product()
    waiting = [function for entry in entries for function in _functions(here, entry)]
    seen: set[Function] = set()
    codes: set[str] = set()
    while waiting:
        function = waiting.pop()
        if function in seen:
            continue
        seen.add(function)
        calls, named = _read(here, function, tuple(sorted(refusals.items())))
        codes |= named
        waiting.extend(calls - seen)
    return frozenset(codes)


@cache
def _read(
    here: Product, function: Function, refusals: tuple[tuple[str, str], ...]
) -> tuple[frozenset[Function], frozenset[str]]:
    reader = Reader(here, function, dict(refusals))
    return frozenset(reader.calls), frozenset(reader.codes)


def _functions(here: Product, entry: str) -> list[Function]:
    if entry in here.functions:
        return [here.functions[entry]]
    owner, _, name = entry.rpartition(".")
    found = list(here.methods(owner, name)) if owner in here.classes else []
    if not found:
        raise LookupError(f"{entry} is not in the source")
    return found
