"""One file of the tests, or of what they import: what its names stand for."""

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(eq=False)
class Module:
    tree: ast.Module
    path: Path | None = None
    constants: dict[str, list[ast.expr]] = field(default_factory=dict)
    functions: dict[str, list[Function]] = field(default_factory=dict)
    enums: set[str] = field(default_factory=set)  # classes with members
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for statement in self.tree.body:
            for name, value in assigned(statement):
                self.constants.setdefault(name, []).append(value)
            if isinstance(statement, ast.ClassDef) and any(isinstance(one, ast.Assign) for one in statement.body):
                self.enums.add(statement.name)
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                self.functions.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    self.imported[alias.asname or alias.name] = (node.module, alias.name)


@functools.cache
def module_at(path: Path) -> Module:
    return Module(ast.parse(path.read_text(encoding="utf-8")), path)


@functools.cache
def module_named(dotted: str) -> Module | None:
    """The module of that name, when it is ours."""
    for path in (ROOT / f"{dotted.replace('.', '/')}.py", ROOT / dotted.replace(".", "/") / "__init__.py"):
        if path.exists():
            return module_at(path)
    return None


@functools.cache
def conftests_of(folder: Path) -> list[Module]:
    """Where the fixtures of a folder's tests are, the nearest first."""
    here = [module_at(folder / "conftest.py")] if (folder / "conftest.py").exists() else []
    return here + (conftests_of(folder.parent) if ROOT in folder.parents else [])


def assigned(statement: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names that a statement gives a value which can be read: `a = …`, `a: list = …`, `a, b = …, …`."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                match target, value:
                    case ast.Name(id=name), _:
                        yield name, value
                    case ast.Tuple(elts=names), ast.Tuple(elts=values) if len(names) == len(values):
                        for one, its_value in zip(names, values, strict=True):
                            if isinstance(one, ast.Name):
                                yield one.id, its_value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value


def called(node: ast.Call) -> str:
    """The last part of the name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
