"""What a slip of the pen makes of a line: each mutant is one replacement in the text of a module."""

import ast
import itertools
import re
from typing import NamedTuple

FLIPPED = {
    b"==": [b"!="],
    b"!=": [b"=="],
    b"<": [b">=", b"<="],
    b"<=": [b">", b"<"],
    b">": [b"<=", b">="],
    b">=": [b"<", b">"],
    b"is not": [b"is"],
    b"is": [b"is not"],
    b"not in": [b"in"],
    b"in": [b"not in"],
}
KINDS = [
    "comparison flipped",
    "and/or swapped",
    "not removed",
    "condition negated",
    "constant changed",
    "None returned",
    "statement deleted",
    "argument dropped",
    "raise deleted",
    "except removed",
    "+ to -",
    "break to continue",
    "continue to break",
]
_OPERATOR = re.compile(rb"is\s+not\b|not\s+in\b|\bis\b|\bin\b|[=!<>]=|[<>]")
_WORDS = re.compile(r"\S \S")  # a blank between words: text for people, not a name or a format
_TEXT = {"help", "short_help", "metavar", "epilog", "fix", "message"}  # arguments that are such text
_TYPES = {"TypeVar", "NewType", "cast"}


class Mutant(NamedTuple):
    kind: str
    line: int  # the first that shows the change
    start: int  # the bytes that are replaced
    end: int
    new: bytes
    first: int  # lines that run when the changed place does
    last: int
    imported: bool  # outside of functions: runs when the module is imported


class _Finder(ast.NodeVisitor):
    def __init__(self, source: bytes) -> None:
        self.source = source
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.found: list[Mutant] = []
        self.depth = 0
        self.range = (0, 0)

    def at(self, node: ast.AST) -> tuple[int, int]:
        return (
            self.starts[node.lineno - 1] + node.col_offset,
            self.starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def text(self, node: ast.AST) -> bytes:
        start, end = self.at(node)
        return self.source[start:end]

    def put(self, kind: str, start: int, end: int, new: bytes) -> None:
        line = self.source.count(b"\n", 0, start) + 1
        self.found.append(Mutant(kind, line, start, end, new, *self.range, self.depth == 0))

    def between(self, kind: str, left: ast.AST, right: ast.AST, pattern: re.Pattern, news: dict) -> None:
        """Replace the operator that stands between two expressions."""
        start, end = self.at(left)[1], self.at(right)[0]
        match = pattern.search(self.source, start, end)
        for new in news.get(b" ".join(match.group().split()), ()) if match else ():
            self.put(kind, match.start(), match.end(), new)

    # Statements: those that run are the lines of the statement, without the blocks in it.

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            self.range = (node.lineno, max(node.lineno, body[0].lineno - 1) if body else node.end_lineno)
        super().visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(default)
        self.depth += 1
        for one in node.body:
            self.visit(one)
        self.depth -= 1

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit(node.body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for one in node.body:
            self.visit(one)

    def visit_Import(self, node: ast.AST) -> None:
        pass

    visit_ImportFrom = visit_Global = visit_Nonlocal = visit_JoinedStr = visit_Import

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            if self.depth:
                self.put("statement deleted", *self.at(node), b"pass")
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        if not any(isinstance(part, ast.Constant) and part.value is Ellipsis for part in ast.walk(node)):
            self.put("statement deleted", *self.at(node), b"pass")
        self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.put("statement deleted", *self.at(node), b"pass")
        if isinstance(node.op, ast.Add):
            self.between("+ to -", node.target, node.value, re.compile(rb"\+"), {b"+": [b"-"]})
        self.visit(node.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):  # a docstring
            return
        if isinstance(node.value, ast.Call):
            self.put("statement deleted", *self.at(node), b"pass")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            self.put("None returned", *self.at(node), b"return None")
            self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        if not (isinstance(node.exc, ast.Name) and node.exc.id == "NotImplementedError"):
            self.put("raise deleted", *self.at(node), b"pass")

    def visit_Break(self, node: ast.Break) -> None:
        self.put("break to continue", *self.at(node), b"continue")

    def visit_Continue(self, node: ast.Continue) -> None:
        self.put("continue to break", *self.at(node), b"break")

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if not (len(node.body) == 1 and isinstance(node.body[0], ast.Raise)):
            self.range = (node.body[0].lineno, node.body[0].lineno)
            self.put("except removed", self.at(node.body[0])[0], self.at(node.body[-1])[1], b"raise")
        for one in node.body:
            self.visit(one)

    def negate(self, test: ast.AST) -> None:
        self.put("condition negated", *self.at(test), b"not (" + self.text(test) + b")")

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        self.negate(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.negate(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self.negate(test)
        self.generic_visit(node)

    # Expressions

    def visit_Compare(self, node: ast.Compare) -> None:
        terms = [node.left, *node.comparators]
        for left, right in itertools.pairwise(terms):
            self.between("comparison flipped", left, right, _OPERATOR, FLIPPED)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        swapped = {b"and": [b"or"], b"or": [b"and"]}
        for left, right in itertools.pairwise(node.values):
            self.between("and/or swapped", left, right, re.compile(rb"\band\b|\bor\b"), swapped)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        sides = (node.left, node.right)
        if isinstance(node.op, ast.Add) and not any(_is_text(side) for side in sides):
            self.between("+ to -", *sides, re.compile(rb"\+"), {b"+": [b"-"]})
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self.put("not removed", *self.at(node), self.text(node)[3:].lstrip())
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in _TYPES:
            return
        given = sorted([*node.args, *node.keywords], key=self.at)
        last = node.args[-1:]
        for index, one in enumerate(given):
            if one.arg not in _TEXT if isinstance(one, ast.keyword) else one in last:
                start, end = self.at(one)
                if index:
                    start = self.at(given[index - 1])[1]
                elif len(given) > 1:
                    end = self.at(given[1])[0]
                self.put("argument dropped", start, end, b"")
        self.visit(node.func)
        for one in given:
            if not (isinstance(one, ast.keyword) and one.arg in _TEXT):
                self.visit(one)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            new = repr(not value)
        elif isinstance(value, (int, float)):
            new = repr(value + 1)
        elif isinstance(value, str) and not _WORDS.search(value):
            new = repr(value + "X")
        elif isinstance(value, bytes):
            new = repr(value + b"X")
        else:
            return
        self.put("constant changed", *self.at(node), new.encode("ascii", "backslashreplace"))


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))
    )


def mutants_of(source: bytes) -> list[Mutant]:
    """Every mutant of a module, in the order of its text; not all compile."""
    finder = _Finder(source)
    finder.visit(ast.parse(source))
    return sorted(finder.found, key=lambda one: (one.start, one.end, one.kind, one.new))


def applied(source: bytes, mutant: Mutant) -> bytes:
    """The module with the mutant in it."""
    return source[: mutant.start] + mutant.new + source[mutant.end :]
