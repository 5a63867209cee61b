"""Finds tests that cannot fail, in their syntax trees. tests/nova/test_the_tests.py runs it on all of them.

What it finds:

- `loop`: asserts in a loop over what may be empty; with nothing to loop over, the test passes.
- `all`: `assert all(…)`, `assert not any(…)`, `assert not [… for …]` and the like over what may be empty.
- `several`: an assert that accepts one of several statuses, exit codes or answers.
- `silent`: a test that asserts nothing, neither itself nor through the functions and fixtures it uses.
- `if`: asserts under a condition, or after a `return`, `continue` or `break` under one. A condition on the
  parameters of `parametrize` alone is fine: all their values are written down.
- `broad`: `pytest.raises` of any exception or of several, and exceptions that are swallowed.
- `always`: an assert that is always true: a thing compared with itself, a tuple, a text, a generator.

What has members is a literal that has, what is made of one (a constant, `sorted`, `zip`, a comprehension without
`if`…), an enumeration, and what an assert of the same block shows to have some: `assert rows`,
`assert len(rows) == 3`, `assert {row.name for row in rows} == {"a", "b"}`, `[row] = rows`.

A place that was looked at and is right has the comment `# honest: why` on its line. One that excuses nothing is a
finding too (`stale`).
"""

import ast
import functools
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.honesty.members import Scope
from tests.honesty.module import Function, Module, called, conftests_of, module_named

# What asserts by itself, besides functions named assert_…
ASSERTING = {"raises", "warns", "fail", "expect", "django_assert_num_queries", "django_assert_max_num_queries",
             "call_and_validate"}  # fmt: skip
STATUS = re.compile(r"(^|_)(status|status_code|returncode|exit_code)$")
NOT_EXACT = (ast.In, ast.NotIn, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.NotEq)
ANY_EXCEPTION = {"Exception", "BaseException"}
EXCUSE = re.compile(r"# honest: *(.+)")


class Finding(NamedTuple):
    line: int
    kind: str
    text: str


def findings(module: Module, source: str) -> list[Finding]:
    found = set(_in_block(module.tree.body, Scope(module)))
    if module.path is None or module.path.name.startswith("test_"):  # not what prepares them: a database, a server
        found.update(_broad(module))
    for functions in module.functions.values():
        for function in functions:
            if function.name.startswith("test_") and not _asserts_somewhere(function, module, set()):
                found.add(Finding(function.lineno, "silent", function.name))
    excuses = dict(_excuses(source)) if EXCUSE.search(source) else {}
    stale = excuses.keys() - {finding.line for finding in found}
    return sorted(
        [finding for finding in found if finding.line not in excuses]
        + [Finding(line, "stale", excuses[line]) for line in stale]
    )


def _excuses(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and (match := EXCUSE.search(token.string)):
            yield token.start[0], match[1]


# --- Blocks and statements -------------------------------------------------------------------------------
def _in_block(block: list[ast.stmt], outer: Scope) -> Iterator[Finding]:
    """What an assert shows holds in its own block and in those inside it, before it and after it."""
    scope = outer.inner()
    for statement in _always_run(block):
        scope.learn(statement)
    for index, statement in enumerate(block):
        if isinstance(statement, Function):
            yield from _in_block(statement.body, scope.of(statement))
            continue
        yield from _in_statement(statement, scope)
        yield from _leaves_before(statement, block[index + 1 :], scope)
        for part in ("body", "orelse", "finalbody"):
            yield from _in_block(getattr(statement, part, []), scope)
        for handler in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            yield from _in_block(handler.body, scope)


def _always_run(block: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in block:
        yield statement
        if isinstance(statement, ast.With):
            yield from _always_run(statement.body)


def _in_statement(statement: ast.stmt, scope: Scope) -> Iterator[Finding]:
    line, asserts = statement.lineno, functools.partial(_asserts, module=scope.module)
    match statement:
        case ast.For(iter=rows) if asserts(statement) and not scope.has_members(rows):
            yield Finding(line, "loop", ast.unparse(rows))
        case ast.While(test=test) if asserts(statement):
            yield Finding(line, "loop", f"while {ast.unparse(test)}")
        case ast.If(test=test) if asserts(statement) and not _each_branch(statement, asserts):
            if not _is_about_parameters(test, scope):
                yield Finding(line, "if", ast.unparse(test))
        case ast.Match(subject=subject) if asserts(statement):
            yield Finding(line, "if", ast.unparse(subject))
        case ast.Assert(test=test):
            yield from (Finding(line, kind, ast.unparse(test)) for kind in _in_assert(test, scope))


def _broad(module: Module) -> Iterator[Finding]:
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="raises") | ast.Name(id="raises"), args=[kind, *_]):
                kinds = [ast.unparse(one) for one in (kind.elts if isinstance(kind, ast.Tuple) else [kind])]
                if len(kinds) > 1 or ANY_EXCEPTION & set(kinds):
                    yield Finding(node.lineno, "broad", f"raises {', '.join(kinds)}")
            case ast.Call(func=ast.Attribute(attr="suppress") | ast.Name(id="suppress"), args=kinds):
                yield Finding(node.lineno, "broad", f"suppress {', '.join(map(ast.unparse, kinds))}")
            case ast.ExceptHandler() if _is_swallowing(node):
                yield Finding(node.lineno, "broad", f"except {ast.unparse(node.type) if node.type else ''}")


def _is_swallowing(handler: ast.ExceptHandler) -> bool:
    """Any exception that is not raised again, or one that leaves no trace."""
    if any(isinstance(inner, ast.Raise | ast.Assert) for inner in ast.walk(handler)):
        return False
    is_any = handler.type is None or ast.unparse(handler.type) in ANY_EXCEPTION
    return is_any or all(isinstance(one, ast.Pass | ast.Continue) for one in handler.body)


def _each_branch(statement: ast.If, asserts: Callable[[ast.AST], bool]) -> bool:
    """Every branch asserts, down to a last `else`."""
    other = statement.orelse
    last = (
        _each_branch(other[0], asserts)
        if len(other) == 1 and isinstance(other[0], ast.If)
        else any(map(asserts, other))
    )
    return any(map(asserts, statement.body)) and last


def _is_about_parameters(test: ast.expr, scope: Scope) -> bool:
    names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    return bool(names) and names <= scope.parameters


def _leaves_before(statement: ast.stmt, after: list[ast.stmt], scope: Scope) -> Iterator[Finding]:
    """A `return`, `continue` or `break` under a condition, with asserts after it."""
    if isinstance(statement, ast.If) and not any(_asserts(inner, scope.module) for inner in statement.body):
        leaves = any(isinstance(inner, ast.Return | ast.Continue | ast.Break) for inner in ast.walk(statement))
        if leaves and any(_asserts(later, scope.module) for later in after):
            yield Finding(statement.lineno, "if", f"{ast.unparse(statement.test)}: leaves before asserts")


# --- One assert --------------------------------------------------------------------------------------------
def _in_assert(test: ast.expr, scope: Scope) -> Iterator[str]:
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            for value in values:
                yield from _in_assert(value, scope)
        case ast.BoolOp(op=ast.Or()):
            yield "several"
        case ast.Tuple() | ast.Constant() | ast.JoinedStr() | ast.Lambda() | ast.GeneratorExp():
            yield "always"
        case (
            ast.Call(func=ast.Name(id="all"), args=[rows])
            | ast.Call(func=ast.Attribute(attr="issubset" | "isdisjoint", value=rows))
        ) if not scope.has_members(rows):
            yield "all"
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=ast.Name(id="any" | "list" | "set"), args=[rows])):
            if not _looks_through(rows, scope):
                yield "all"
        case ast.UnaryOp(op=ast.Not(), operand=rows) if not _looks_through(rows, scope):
            yield "all"
        case ast.Compare(left=left, ops=ops, comparators=others):
            chain = [left, *others]
            for one, op, other in zip(chain, ops, others, strict=False):
                yield from _in_comparison(one, op, other, scope)


def _in_comparison(one: ast.expr, op: ast.cmpop, other: ast.expr, scope: Scope) -> Iterator[str]:
    if ast.unparse(one) == ast.unparse(other):
        yield "always"
    name = one.attr if isinstance(one, ast.Attribute) else getattr(one, "id", "")
    if STATUS.search(name) and isinstance(op, NOT_EXACT):
        yield "several"
    match op:
        case ast.In() if isinstance(other, ast.Tuple | ast.Set | ast.List) and len(other.elts) > 1:
            yield "several"
        case ast.NotIn() if not _looks_through(other, scope):
            yield "all"
        case ast.Lt() | ast.LtE() if _is_set(one) or _is_set(other):
            if isinstance(other, ast.Set) and all(_is_http_status(member) for member in other.elts):
                yield "several"
            elif not scope.has_members(one):
                yield "all"
        case ast.Eq() if _is_default(one, other) or _is_default(other, one):
            yield "always"
        case ast.Eq():
            for made, empty in ((one, other), (other, one)):
                if _is_empty(empty) and not _looks_through(made, scope):
                    yield "all"
        case ast.GtE() if ast.unparse(other) == "0" and isinstance(one, ast.Call) and called(one) in {"len", "count"}:
            yield "always"


def _is_default(one: ast.expr, other: ast.expr) -> bool:
    """`found.get("a", 1) == 1`: as true without an `a`."""
    match one:
        case ast.Call(func=ast.Attribute(attr="get"), args=[_, default]):
            return ast.unparse(default) == ast.unparse(other)
    return False


def _looks_through(rows: ast.expr, scope: Scope) -> bool:
    """False for what is empty when there was nothing to look through: what it would hold was never looked for."""
    if scope.has_members(rows):
        return True
    match rows:
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            return scope.looks_through_members(rows)
        case ast.Name(id=name):
            values = [value for value in scope.names.get(name, []) if value is not None]
            if any(map(_is_empty, values)) and not all(map(scope.has_members, scope.collected.get(name, []))):
                return False
            return all(_looks_through(value, scope) for value in values)
    return True


def _is_set(node: ast.expr) -> bool:
    return isinstance(node, ast.Set | ast.SetComp) or (
        isinstance(node, ast.Call) and called(node) in {"set", "frozenset"}
    )


def _is_http_status(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and 100 <= node.value < 600


def _is_empty(node: ast.expr) -> bool:
    match node:
        case ast.List(elts=[]) | ast.Tuple(elts=[]) | ast.Dict(keys=[]) | ast.Constant(value=0):
            return True
        case ast.Call(func=ast.Name(id="set" | "list" | "dict"), args=[]):
            return True
    return False


# --- Who asserts ---------------------------------------------------------------------------------------------
@functools.cache
def _asserts(node: ast.AST, module: Module) -> bool:
    """Whether something is asserted in it, by an assert or by a helper of the tests."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assert):
            return True
        if isinstance(inner, ast.Call) and (
            _is_asserting(called(inner))
            or (isinstance(inner.func, ast.Name) and _named_asserts(inner.func.id, module, set()))
        ):
            return True
    return False


@functools.cache
def _helper_asserts(name: str, module: Module) -> bool:
    return _named_asserts(name, module, set())


def _is_asserting(name: str) -> bool:
    return name in ASSERTING or name.startswith("assert_")


def _asserts_somewhere(function: Function, module: Module, seen: set[Function]) -> bool:
    """Whether a function asserts, or one that it uses or is given."""
    if function in seen:
        return False
    seen.add(function)
    used = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
    for node in ast.walk(function):
        match node:
            case ast.Assert():
                return True
            case ast.Name(id=name) | ast.Attribute(attr=name):
                used.add(name)
    return any(map(_is_asserting, used)) or any(_named_asserts(name, module, seen) for name in used)


def _named_asserts(name: str, module: Module, seen: set[Function]) -> bool:
    if name in module.functions:
        return any(_asserts_somewhere(function, module, seen) for function in module.functions[name])
    if name in module.imported:
        package, original = module.imported[name]
        other = module_named(package) if package.startswith("tests") else None
        return other is not None and _named_asserts(original, other, seen)
    for shared in conftests_of(module.path.parent) if module.path else ():
        if shared is not module and name in shared.functions:  # a fixture
            return _named_asserts(name, shared, seen)
    return False
