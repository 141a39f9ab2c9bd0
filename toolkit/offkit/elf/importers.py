"""Which objects of a distribution are loaded when its own top-level modules are imported, by its code.

What an import statement of a module names is loaded with it, but for what stands in a function that nobody
calls there, and in a ``try`` that goes on without it. A compiled module imports others unseen: mostly those
beside it, so they count as well, but for those that code which is read imports there, in a function or such a
``try``. A library that is opened by its name is named in a string. Where importing a distribution loads
nothing that was compiled, its code does not tell its parts from it, and all of it counts (but for what
elf.reach then sees that hardly another module uses); so it does where a source
cannot be read by this Python, which may be older, and where none names anything. What is in doubt is taken
for loaded; but where no module is, and the code opens no library (it may start programs, as kaleido's does,
or a browser with LD_PRELOAD, as selenium's did), those are for others.
"""

import ast
import posixpath
import re
import warnings
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from offkit.elf.objects import LIBRARY, MODULE, Object

_LARGEST = 4 << 20  # bytes of a source
_TESTS = re.compile(r"(^|/)tests?/")
# What older parsers die of: they follow each by a call (CPython's own limit is far above what people write).
_DEEP = re.compile(rb"[-+~(\[{]{80}|(?:not\s+){80}")
_ASIDE = re.compile(r"^[ \t]+(?:from[ \t]+(\.*)([.\w]*)[ \t]+)?import[ \t]+(.*)", re.MULTILINE)  # in a block
_OPENS = re.compile(rb"ctypes|cffi|cdll|dlopen")
_CALLS = re.compile(rb"CDLL|cdll|dlopen|PyDLL|LoadLibrary|load_library")
_LISTS = re.compile(rb"(i?glob|listdir|iterdir|scandir|os\.walk)\(")
_BEGINNING = re.compile(rb"lib[\w+-]{2,}")
_STANDS_IN = re.compile(
    _OPENS.pattern + rb"|load_library|sys\.modules|meta_path|find_spec|spec_from|Loader|__getattr__"
)
_SHORTEST = 5  # letters of a string that is the beginning of a library's name
_NAME = "<a package's own code>"
_ANY = {"Exception", "BaseException", ""}
_OF_IMPORT, _OF_OPENING = _ANY | {"ImportError"}, _ANY | {"OSError", "IOError", "EnvironmentError"}

_IDLE = (ast.expr_context, ast.operator, ast.cmpop, ast.boolop, ast.unaryop, ast.Name)  # say nothing
_NO_STATEMENTS = (*_IDLE, ast.expr)

# An invalid escape is the package's business. By its name no code but this is meant, in any thread.
warnings.filterwarnings("ignore", module=re.escape(_NAME))


class _Said(NamedTuple):
    """What a source does when it is imported."""

    imports: Set[str]  # dotted names, perhaps of something in a module
    strings: Set[str]
    aside: Set[str]  # dotted names of what it imports within blocks, in one line


def loaded(
    objects: Iterable[Object], sources: Iterable[str], read: Callable[[str], Optional[bytes]]
) -> Tuple[Set[str], bool]:
    """Paths of the modules and libraries that are, and whether those are all for want of better knowledge:
    the package above loads none, or is another distribution's. All paths are relative to site-packages;
    ``sources`` end in .py, and ``read`` gives their bytes, None where it cannot."""
    mine = [each for each in objects if each.kind in (MODULE, LIBRARY)]
    if not mine:
        return set(), False
    code = _Code(mine, [path for path in sources if not _TESTS.search(path)], read)
    tops = code.tops()
    found = code.reached(tops)
    if found:
        return found, all("." in name for name in tops)
    found = code.reached(code.everything())
    if found or code.for_others():
        return found, True
    return {each.path for each in mine if not each.path.startswith("/")}, False  # the rest is not its own


def opens(data: bytes) -> bool:
    """Whether code may open libraries by their names."""
    return bool(_OPENS.search(data))


def may_open(data: bytes, name: str) -> bool:
    """Whether such code may open one of that name: it has the name or its beginning, or lists what is there.
    What has lists of .dll alone is for Windows."""
    if _LISTS.search(data) and _CALLS.search(data) and (b".so" in data or b".dll" not in data):
        return True
    stem = name.partition(".so")[0].encode("utf-8", "surrogateescape")
    bare = re.split(b"[-.]", stem[3:] if stem.startswith(b"lib") and len(stem) > len("lib") + 2 else stem)[0]
    return bare in data or any(stem.startswith(each) for each in _BEGINNING.findall(data))


def named(
    objects: Iterable[Object], sources: Iterable[str], read: Callable[[str], Optional[bytes]]
) -> Set[str]:
    """Paths of the files that are certainly imported by name when the distribution is: by a statement that
    runs then, where no code that was read looks as if something else stands in for them. As ``loaded``."""
    files = [each._replace(kind=MODULE) for each in objects]
    return _Code(files, [path for path in sources if not _TESTS.search(path)], read).named()


class _Code:
    def __init__(
        self, objects: Sequence[Object], sources: Sequence[str], read: Callable[[str], Optional[bytes]]
    ) -> None:
        self._read = read
        self._sources = {dotted(path): path for path in sources}
        self._compiled = {dotted(each.path): each.path for each in objects if each.kind == MODULE}
        self._libraries = [each.path for each in objects if each.kind == LIBRARY]
        self._said: Dict[str, Optional[_Said]] = {}
        self._stands_in = False  # whether some code may have something else in the place of a module
        self._opens = bool(self._compiled)  # which may open libraries, or some code that was read does

    def tops(self) -> List[str]:
        """Modules that have no package above them; a directory without __init__.py is none."""
        return [
            name
            for name in self.everything()
            if not any(above in self._sources for above in upwards(name.rpartition(".")[0]))
        ]

    def everything(self) -> List[str]:
        """But for what lies in a directory that no statement can name, as lib-more/_c.so."""
        compiled = (name for name, path in self._compiled.items() if not _TESTS.search(path))
        return [
            name
            for name in (*self._sources, *compiled)
            if ("_" + name.rpartition(".")[0].replace(".", "_")).isidentifier()
        ]

    def for_others(self) -> bool:
        """Whether all was read, and nothing of it loads anything."""
        return bool(self._said) and not self._opens

    def reached(self, names: Iterable[str]) -> Set[str]:
        """Paths of what importing these modules loads."""
        seen, read = self._followed(names)
        if read is None:
            return {*self._compiled.values(), *self._libraries}
        strings: Set[str] = set().union(*(said.strings for said in read))
        aside: Set[str] = set().union(*(said.aside for said in read))
        found = {self._compiled[name] for name in seen if name in self._compiled}
        beside = {posixpath.dirname(path) for path in found} - {""}
        found.update(
            path
            for name, path in self._compiled.items()
            if posixpath.dirname(path) in beside and name not in aside and not _TESTS.search(path)
        )
        libraries = self._libraries if self._opens else ()
        return found | {path for path in libraries if _named(posixpath.basename(path), strings)}

    def named(self) -> Set[str]:
        """Paths of what import statements name that run when the sources do."""
        seen, read = self._followed(name for name in self.tops() if name in self._sources)
        if read is None or self._stands_in:
            return set()
        return {path for name, path in self._compiled.items() if name in seen and name not in self._sources}

    def _followed(self, names: Iterable[str]) -> Tuple[Set[str], Optional[List[_Said]]]:
        """All that is imported when these modules are, and what their sources say; None where one of them
        cannot be read."""
        seen: Set[str] = set()
        read: List[_Said] = []
        pending = list(names)
        while pending:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in self._sources and name not in self._compiled:
                said = self._look(name)
                if said is None:
                    return seen, None
                read.append(said)
                pending += [above for each in said.imports for above in upwards(each)]
        return seen, read

    def _look(self, name: str) -> Optional[_Said]:
        if name not in self._said:
            path = self._sources[name]
            data = self._read(path)
            package = name if path.endswith("/__init__.py") else name.rpartition(".")[0]
            self._said[name] = None if data is None else _said(data, package, bool(self._libraries))
            self._opens = self._opens or data is None or opens(data)
            self._stands_in = self._stands_in or data is None or bool(_STANDS_IN.search(data))
        return self._said[name]


def dotted(path: str) -> str:
    """The module that a file is."""
    directory, name = posixpath.split(path)
    stem = name.partition(".")[0]
    parts = directory.split("/") if directory else []
    return ".".join(parts if stem == "__init__" else [*parts, stem])


def upwards(name: str) -> Iterator[str]:
    """a, a.b and a.b.c: the packages are imported first."""
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        yield ".".join(parts[:count])


def _named(name: str, strings: Iterable[str]) -> bool:
    """Whether one of the strings has the name of a library, or is how it begins: "libsndfile_"."""
    stem = name.partition(".so")[0]
    bare = stem[3:] if stem.startswith("lib") and len(stem) > len("lib") + 2 else stem
    return any(
        bare in each or (len(each) >= _SHORTEST and each.startswith("lib") and stem.startswith(each))
        for each in strings
    )


def _said(data: bytes, package: str, strings: bool) -> Optional[_Said]:
    """None for what this Python cannot read. The strings are looked for when they matter."""
    if len(data) > _LARGEST or _DEEP.search(data):
        return None
    try:
        tree = ast.parse(data, _NAME)
        reader = _Reader(package, tree)
        reader.block(tree.body, True, True, strings)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return _Said(reader.imports, reader.strings, set(_aside(data.decode("utf-8", "replace"), package)))


def _aside(text: str, package: str) -> Iterator[str]:
    for dots, module, names in _ASIDE.findall(text):
        start = _absolute(package, len(dots), module)
        yield start
        for name in re.findall(r"[.\w]+", names):
            yield "{}.{}".format(start, name) if start else name


def _absolute(package: str, level: int, module: str) -> str:
    """What is meant by so many dots and ``module``."""
    above = package.split(".")[: 1 - level or None] if level else []
    return ".".join([*above, *([module] if module else [])])


class _Reader:
    """Goes along statements: ``runs`` when the module is imported; ``imports`` and ``opens`` count there."""

    def __init__(self, package: str, tree: ast.Module) -> None:
        self._package = package
        self._functions = {
            node.name: node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        }
        self._called: Set[str] = set()
        self.imports: Set[str] = set()
        self.strings: Set[str] = set()

    def block(self, body: Iterable[ast.AST], runs: bool, imports: bool, opens: bool) -> None:
        for node in body:
            # Half of all nodes are such, and so is every expression where none can call or name anything.
            if not isinstance(node, _IDLE if opens or self._functions else _NO_STATEMENTS):
                self._node(node, runs, imports, opens)

    def _node(self, node: ast.AST, runs: bool, imports: bool, opens: bool) -> None:
        if not (opens or (runs and imports)):
            return
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            self.block(ast.iter_child_nodes(node), False, imports, opens)
        elif isinstance(node, ast.Try) and node.handlers:
            caught = {name for each in node.handlers if not self._raises(each) for name in _caught(each.type)}
            goes_on = bool(caught & _OF_IMPORT), bool(caught & _OF_OPENING)
            self.block(node.body, runs, imports and not goes_on[0], opens and not goes_on[1])
            for part in (node.handlers, node.orelse, node.finalbody):
                self.block(part, runs, imports, opens)
        elif isinstance(node, ast.With) and any(_suppresses(item.context_expr) for item in node.items):
            self.block(node.body, runs, False, False)
        elif isinstance(node, ast.If) and _name(node.test) == "TYPE_CHECKING":
            self.block(node.orelse, runs, imports, opens)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            if runs and imports:
                self.imports.update(self._imported(node))
        else:
            self._expression(node, runs, imports, opens)
            self.block(ast.iter_child_nodes(node), runs, imports, opens)

    def _expression(self, node: ast.AST, runs: bool, imports: bool, opens: bool) -> None:
        text = getattr(node, "value", getattr(node, "s", None))  # ast.Str until 3.7
        if opens and isinstance(text, str):
            self.strings.add(text)
        if runs and isinstance(node, ast.Call):
            function = self._functions.get(_name(node.func))
            if function is not None and function.name not in self._called:
                self._called.add(function.name)
                self.block(function.body, True, imports, opens)

    def _raises(self, handler: ast.ExceptHandler) -> bool:
        """By itself, or in a function that it calls."""
        called = (_name(node.func) for node in ast.walk(handler) if isinstance(node, ast.Call))
        bodies = [handler, *(self._functions[name] for name in called if name in self._functions)]
        return any(isinstance(node, ast.Raise) for body in bodies for node in ast.walk(body))

    def _imported(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(self._package, node.level, node.module or "")
            for alias in node.names:
                yield "{}.{}".format(module, alias.name) if alias.name != "*" else module


def _name(node: Optional[ast.AST]) -> str:
    """a of a, b of a.b."""
    return str(getattr(node, "id", getattr(node, "attr", "")))


def _caught(node: Optional[ast.AST]) -> Tuple[str, ...]:
    """What a handler is for; "" for everything."""
    return tuple(_name(each) for each in node.elts) if isinstance(node, ast.Tuple) else (_name(node),)


def _suppresses(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _name(node.func) == "suppress"
