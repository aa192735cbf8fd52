"""The measures of CONTRIBUTING hold for the whole product: sizes, unambiguous names, docstrings."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("cli", "edge", "gateway", "models", "services", "workers")
MIGRATIONS = ROOT / "services" / "index" / "database" / "migrations"  # one a change, never edited
# "About 300" lines, "about fifteen" modules.
MOST_LINES, MOST_BODY, MOST_MODULES = 330, 40, 16
UNSPEAKING = {"told", "found"}  # names that do not say what a variable holds


@cache
def modules(parts: tuple[str, ...] = PRODUCT) -> dict[Path, ast.Module]:
    files = [file for part in parts for file in sorted((ROOT / part).rglob("*.py"))]
    return {file: ast.parse(file.read_text()) for file in files if MIGRATIONS not in file.parents}


def functions(
    parts: tuple[str, ...] = PRODUCT,
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for file, tree in modules(parts).items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{file.relative_to(ROOT)}:{node.lineno} {node.name}", node


def test_modules_are_short():
    sizes = {str(file): len(file.read_text().splitlines()) for file in modules()}
    assert len(sizes) > 500
    assert {file: size for file, size in sizes.items() if size > MOST_LINES} == {}


def test_functions_are_short():
    """Without signature and docstring: options of a command and what callers must know are not counted."""
    long = {}
    for where, node in functions():
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        size = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
        if size > MOST_BODY:
            long[where] = size
    assert long == {}


def test_no_folder_has_more_modules_than_one_sees_at_a_glance():
    counts = Counter(file.parent for file in modules() if file.name != "__init__.py")
    assert {str(folder): n for folder, n in counts.items() if n > MOST_MODULES} == {}


def test_a_classs_name_means_one_thing():
    """Private classes are their module's own affair."""
    places = defaultdict(list)
    for file, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(file.relative_to(ROOT)))
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def test_variables_say_what_they_hold():
    """Parameters among them, and in the tests as well."""
    named = [
        where
        for parts in (PRODUCT, ("bench", "examples", "tests"))
        for where, function in functions(parts)
        for node in ast.walk(function)
        if (isinstance(node, ast.Name) and node.id in UNSPEAKING)
        or (isinstance(node, ast.arg) and node.arg in UNSPEAKING)
    ]
    assert named == []
