"""What is known to have members, as far as the text of a test says."""

import ast
import functools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.honesty.module import Function, Module, assigned, called, module_named

Values = list[ast.expr | None]  # what a name may stand for; None: not known

SAME_MEMBERS = {"sorted", "list", "tuple", "set", "frozenset", "dict", "reversed", "enumerate", "iter"}
SAME_MEMBERS_METHODS = {"items", "keys", "values", "copy", "split", "splitlines"}
OF_AN_ENUM = {"choices", "values", "labels", "names"}


@dataclass
class Scope:
    """What is known at one place of a module: the names of its function, and what asserts have shown."""

    module: Module
    names: dict[str, Values] = field(default_factory=dict)
    bound: dict[str, list[int]] = field(default_factory=dict)  # the lines that give a name its value
    shown: dict[str, int] = field(default_factory=dict)  # what has members, and the line of the assert
    collected: dict[str, list[ast.expr]] = field(
        default_factory=dict
    )  # a list that a loop fills, and over what it runs
    parameters: set[str] = field(default_factory=set)  # whose values are all written down (parametrize)

    def inner(self) -> "Scope":
        return Scope(
            self.module,
            dict(self.names),
            dict(self.bound),
            dict(self.shown),
            dict(self.collected),
            set(self.parameters),
        )

    # --- Not empty -----------------------------------------------------------------------------------
    def has_members(self, node: ast.expr | None, seen: frozenset[str] = frozenset()) -> bool:
        if node is None:
            return False
        if self.shown and self._is_shown(node):
            return True
        match node:
            case ast.Constant(value=str() | bytes() as value):
                return bool(value)
            case ast.JoinedStr(values=parts):
                return any(isinstance(part, ast.Constant) for part in parts)
            case ast.List(elts=members) | ast.Tuple(elts=members) | ast.Set(elts=members):
                return any(not isinstance(one, ast.Starred) or self.has_members(one.value, seen) for one in members)
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                return any(key is not None or self.has_members(value, seen) for key, value in pairs)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self.looks_through_members(node, seen) and not any(made.ifs for made in node.generators)
            case ast.BinOp(left=left, op=ast.Add() | ast.BitOr(), right=right):
                return self.has_members(left, seen) or self.has_members(right, seen)
            case ast.BinOp(left=left, op=ast.Mult(), right=times):
                return self.is_positive(times) and self.has_members(left, seen)
            case ast.IfExp(body=one, orelse=other):
                return self.has_members(one, seen) and self.has_members(other, seen)
            case ast.NamedExpr(value=value):
                return self.has_members(value, seen)
            case ast.Call():
                return self._call_has_members(node, seen)
            case ast.Name(id=name):
                return self._name_has_members(name, seen)
            case ast.Attribute(value=ast.Name(id=owner), attr=attr):
                return self._attribute_has_members(owner, attr)
        return False

    def looks_through_members(self, made: ast.expr, seen: frozenset[str] = frozenset()) -> bool:
        """Whether a comprehension has something to look through, whatever its `if` lets pass."""
        inside, targets = self.inner(), set[str]()
        for generator in made.generators:  # type: ignore[attr-defined]
            # The cells of rows that are there, the lines of files that are there.
            if not (targets and _is_part_of(generator.iter, targets)) and not inside.has_members(generator.iter, seen):
                return False
            inside.learn_targets(generator.target, generator.iter, made.lineno)
            targets |= set(_stored(generator.target))
        return True

    def _is_shown(self, node: ast.expr) -> bool:
        line = self.shown.get(ast.unparse(node))
        if line is None:
            return False
        first, last = sorted((line, getattr(node, "lineno", line)))
        names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        return not any(first < bound < last for name in names for bound in self.bound.get(name, []))

    def _call_has_members(self, node: ast.Call, seen: frozenset[str]) -> bool:
        match node.func:
            case ast.Name(id="range"):
                return _is_written_range(node.args) or (len(node.args) == 1 and self.is_positive(node.args[0]))
            case ast.Name(id="zip"):
                strict = any(key.arg == "strict" and getattr(key.value, "value", False) for key in node.keywords)
                each = [self.has_members(arg, seen) for arg in node.args]
                return any(each) if strict else bool(each) and all(each)
            case ast.Name(id="product") | ast.Attribute(attr="product"):
                return bool(node.args) and all(self.has_members(arg, seen) for arg in node.args)
            case ast.Name(id=name) if name in SAME_MEMBERS:
                return bool(node.args) and self.has_members(node.args[0], seen)
            case ast.Attribute(attr="create_batch"):
                return bool(node.args) and self.is_positive(node.args[0])
            case ast.Attribute(value=owner, attr=attr) if attr in SAME_MEMBERS_METHODS:
                return self.has_members(owner, seen)
            case ast.Attribute(attr="lists" | "sets" | "text" | "dictionaries"):  # a strategy of hypothesis
                return any(key.arg == "min_size" and self.is_positive(key.value) for key in node.keywords)
        return False

    def _name_has_members(self, name: str, seen: frozenset[str]) -> bool:
        if name in seen:
            return False
        if name in self.names:
            values = self.names[name]
            return bool(values) and all(self.has_members(value, seen | {name}) for value in values)
        if name in self.module.enums:
            return True
        if name in self.module.constants:
            return all(Scope(self.module).has_members(one, seen | {name}) for one in self.module.constants[name])
        if name in self.module.imported:
            return _imported_has_members(*self.module.imported[name])
        return False

    def _attribute_has_members(self, owner: str, attr: str) -> bool:
        """`module.CONSTANT`, `Kind.choices`, `Promise.Status`."""
        if owner in self.module.enums:
            return attr in OF_AN_ENUM
        if owner not in self.module.imported:
            return False
        package, name = self.module.imported[owner]
        if module_named(f"{package}.{name}"):
            return _imported_has_members(f"{package}.{name}", attr)
        found = module_named(package)
        return bool(found and name in found.enums) and (attr in OF_AN_ENUM or attr[:1].isupper())

    def is_positive(self, node: ast.expr) -> bool:
        match node:
            case ast.Constant(value=int() as number):
                return number > 0
            case ast.Call(func=ast.Name(id="len"), args=[rows]):
                return self.has_members(rows)
            case ast.BinOp(left=left, op=ast.Add() | ast.Mult(), right=right):
                return self.is_positive(left) and self.is_positive(right)
            case ast.Name(id=name):
                values = self.names.get(name) or self.module.constants.get(name) or [None]
                if name in self.module.imported:
                    package, original = self.module.imported[name]
                    values = _constant_of(package, original)
                return all(isinstance(one, ast.Constant) and self.is_positive(one) for one in values)
            case ast.Attribute(value=ast.Name(id=owner), attr=attr) if owner in self.module.imported:
                package, name = self.module.imported[owner]
                values = _constant_of(f"{package}.{name}", attr)
                return all(isinstance(one, ast.Constant) and self.is_positive(one) for one in values)
        return False

    # --- What an assert shows --------------------------------------------------------------------------
    def learn(self, statement: ast.stmt) -> None:
        """An assert that passed, or an unpacking, shows what has members."""
        match statement:
            case ast.Assert(test=test):
                self.shown.update(dict.fromkeys(self._shown_by(test), statement.lineno))
            case ast.Assign(targets=[ast.List(elts=members) | ast.Tuple(elts=members)], value=value):
                if any(not isinstance(one, ast.Starred) for one in members):
                    self.shown.update(dict.fromkeys(_with_members(value), statement.lineno))

    def _shown_by(self, test: ast.expr) -> Iterator[str]:
        match test:
            case ast.BoolOp(op=ast.And(), values=values):
                for value in values:
                    yield from self._shown_by(value)
                return
            case ast.Compare(left=left, ops=ops, comparators=others):
                for one, op, other in _pairs([left, *others], ops):
                    yield from self._shown_by_comparing(one, op, other)
                for one in (left, *others):
                    yield from _indexed(one)
                return
            case ast.Call(func=ast.Attribute(value=rows, attr="exists")):
                yield from _with_members(rows)
                return
            case ast.Call(func=ast.Name(id="any"), args=[made]):
                yield from _with_members(made)
                return
        yield from _with_members(_counted(test) or test)
        yield from _indexed(test)

    def _shown_by_comparing(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Iterator[str]:
        match op:
            case ast.Eq() | ast.Is():
                for one, other in ((left, right), (right, left)):
                    if counted := _counted(one):
                        if self.is_positive(other):
                            yield from _with_members(counted)
                    elif self.has_members(other):
                        yield from _with_members(one)
            case ast.Gt() | ast.GtE():
                yield from self._shown_as_more(left, right, isinstance(op, ast.Gt))
            case ast.Lt() | ast.LtE():
                yield from self._shown_as_more(right, left, isinstance(op, ast.Lt))
            case ast.In():
                yield from _with_members(right)
            case ast.NotEq() if isinstance(right, ast.List | ast.Tuple) and not right.elts:
                yield from _with_members(left)

    def _shown_as_more(self, more: ast.expr, less: ast.expr, is_strict: bool) -> Iterator[str]:
        if counted := _counted(more):
            if is_strict or self.is_positive(less):
                yield from _with_members(counted)
        elif self.has_members(less):  # a set that holds another
            yield from _with_members(more)

    # --- What the names of a function stand for ----------------------------------------------------------
    def of(self, function: Function) -> "Scope":
        """The scope inside a function of this one."""
        scope = self.inner()
        given = function.args
        for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
            if argument is not None:
                scope.names[argument.arg] = [None]
                scope.parameters.discard(argument.arg)
        for name, values in _parametrized(function):
            scope.names[name] = values
            scope.parameters.add(name)
        scope.names.update(_drawn(function))
        mine: dict[str, Values] = {}
        nodes = list(own_nodes(function))
        for node in nodes:
            for name, value in assigned(node):
                mine.setdefault(name, []).append(value)
                scope.bound.setdefault(name, []).append(node.lineno)  # type: ignore[attr-defined]
        scope.names.update(mine)
        for node in nodes:
            if isinstance(node, ast.For):
                for name in _filled_in(node):
                    scope.collected.setdefault(name, []).append(node.iter)
            for name, values, line in _bound(node, scope):
                mine.setdefault(name, []).extend(values)
                scope.bound.setdefault(name, []).append(line)
        scope.names.update(mine)
        return scope

    def learn_targets(self, target: ast.expr, rows: ast.expr, line: int) -> None:
        for name, values in _columns(target, rows, self):
            self.names[name] = values
            self.bound.setdefault(name, []).append(line)


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """All of a function but the functions inside it, which are read by themselves."""
    waiting: deque[ast.AST] = deque(function.body)
    while waiting:
        node = waiting.popleft()
        yield node
        if not isinstance(node, Function | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


def _filled_in(loop: ast.For) -> Iterator[str]:
    for node in ast.walk(loop):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append" | "extend" | "add" | "update")):
                yield name
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=ast.List() | ast.ListComp()):
                yield name


def _bound(node: ast.AST, scope: Scope) -> Iterator[tuple[str, Values, int]]:
    """Names that a loop, a `with`, or an unpacking binds."""
    match node:
        case ast.For(target=target, iter=rows):
            yield from ((name, values, node.lineno) for name, values in _columns(target, rows, scope))
        case ast.With(items=items):
            for item in items:
                yield from ((name, [None], node.lineno) for name in _stored(item.optional_vars))
        case ast.Assign(targets=targets):
            known = {name for name, _ in assigned(node)}
            for target in targets:
                yield from ((name, [None], node.lineno) for name in _stored(target) if name not in known)
        case ast.NamedExpr(target=target, value=value):
            yield target.id, [value], node.lineno


def _stored(target: ast.expr | None) -> Iterator[str]:
    for inner in ast.walk(target) if target else ():
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            yield inner.id


def _columns(target: ast.expr, rows: ast.expr, scope: Scope) -> Iterator[tuple[str, Values]]:
    """What the names of a loop stand for, when it loops over what is written down."""
    if isinstance(rows, ast.Name):
        values = scope.names.get(rows.id) or scope.module.constants.get(rows.id) or [None]
        rows = values[0] if len(values) == 1 and values[0] is not None else rows
    written = rows.elts if isinstance(rows, ast.List | ast.Tuple | ast.Set) else None
    match target, written:
        case ast.Name(id=name), list():
            yield name, list(written)
        case ast.Tuple(elts=targets), list() if all(isinstance(row, ast.Tuple) for row in written):
            for index, one in enumerate(targets):
                if isinstance(one, ast.Name):
                    yield one.id, [row.elts[index] if index < len(row.elts) else None for row in written]
                else:
                    yield from ((name, [None]) for name in _stored(one))
        case _:
            yield from ((name, [None]) for name in _stored(target))


def _parametrized(function: Function) -> Iterator[tuple[str, Values]]:
    for decorator in function.decorator_list:
        match decorator:
            case ast.Call(func=ast.Attribute(attr="parametrize"), args=[ast.Constant(value=str() as text), values]):
                names = [name.strip() for name in text.split(",")]
            case ast.Call(func=ast.Attribute(attr="parametrize"), args=[ast.Tuple(elts=elts), values]):
                names = [one.value for one in elts if isinstance(one, ast.Constant)]
            case _:
                continue
        one = len(names) == 1
        target = ast.Name(names[0], ast.Store()) if one else ast.Tuple([ast.Name(name, ast.Store()) for name in names])
        yield from _columns(target, values, Scope(Module(ast.Module([], []))))


def _drawn(function: Function) -> dict[str, Values]:
    """What hypothesis gives: `@given(one, two)` fills the last arguments, `@given(name=…)` those of that name."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and called(decorator) == "given":
            last = [argument.arg for argument in function.args.args][-len(decorator.args) :] if decorator.args else []
            drawn: dict[str, Values] = {name: [one] for name, one in zip(last, decorator.args, strict=False)}
            return drawn | {key.arg: [key.value] for key in decorator.keywords if key.arg}
    return {}


# --- Parts of expressions --------------------------------------------------------------------------------
def _pairs(chain: list[ast.expr], ops: list[ast.cmpop]) -> Iterator[tuple[ast.expr, ast.cmpop, ast.expr]]:
    """What a chain of comparisons compares; `a == b > 0` also says `a > 0`."""
    for start in range(len(ops)):
        for end in range(start, len(ops)):
            others = [op for op in ops[start : end + 1] if not isinstance(op, ast.Eq)]
            if len(others) <= 1:
                yield chain[start], others[0] if others else ast.Eq(), chain[end + 1]


def _is_part_of(node: ast.expr, names: set[str]) -> bool:
    """Whether it is one of these names, or what their own methods and attributes give."""
    match node:
        case ast.Name(id=name):
            return name in names
        case ast.Attribute(value=owner) | ast.Call(func=ast.Attribute(value=owner)):
            return _is_part_of(owner, names)
        case ast.Call(func=ast.Name(id=name), args=[first, *_]):
            return name in SAME_MEMBERS and _is_part_of(first, names)
    return False


def _counted(node: ast.expr) -> ast.expr | None:
    match node:
        case ast.Call(func=ast.Name(id="len"), args=[rows]):
            return rows
        case ast.Call(func=ast.Attribute(value=rows, attr="count"), args=[]):
            return rows
    return None


def _with_members(node: ast.expr) -> Iterator[str]:
    """This, and what it is made of: when this has members, so has that."""
    yield ast.unparse(node)
    match node:
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            yield from _with_members(node.generators[0].iter)
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in SAME_MEMBERS:
            yield from _with_members(first)
        case ast.Call(func=ast.Attribute(value=owner, attr=attr)) if attr in SAME_MEMBERS_METHODS | {"filter", "all"}:
            yield from _with_members(owner)
        case ast.NamedExpr(target=target, value=value):
            yield ast.unparse(target)
            yield from _with_members(value)


def _indexed(node: ast.expr) -> Iterator[str]:
    """`rows[0]` and `rows[-1].name` fail on no rows."""
    match node:
        case ast.Subscript(value=rows, slice=ast.Constant(value=int()) | ast.UnaryOp(operand=ast.Constant())):
            yield from _with_members(rows)
        case ast.Attribute(value=owner) | ast.Call(func=ast.Attribute(value=owner)):
            yield from _indexed(owner)
        case ast.BinOp(left=left, right=right):
            yield from _indexed(left)
            yield from _indexed(right)


def _is_written_range(numbers: list[ast.expr]) -> bool:
    written = [one.value for one in numbers if isinstance(one, ast.Constant) and isinstance(one.value, int)]
    return len(written) == len(numbers) and len(range(*written)) > 0


@functools.cache
def _imported_has_members(package: str, name: str) -> bool:
    module = module_named(package)
    return module is not None and Scope(module).has_members(ast.Name(name, ast.Load()))


def _constant_of(package: str, name: str) -> Values:
    module = module_named(package)
    return list(module.constants.get(name, [None])) if module else [None]
