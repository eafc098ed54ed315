"""Rules of the house that linters don't know, asked of every tracked file."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("api", "identity", "kernel", "ledger", "merchants", "redemption", "rewards", "web")
MODULE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
KERNEL_FILES_MAX = 12
SHAPELESS_NAMES = {"base", "common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}


def _tracked() -> list[Path]:
    # Files that are new and not ignored count too, so that a finding comes before the commit.
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return sorted(path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file())


TRACKED = _tracked()
# A revision is written once and never read as code: it is as long as the tables are many.
MODULES = [path for path in TRACKED if path.suffix == ".py" and path.parent.name != "versions"]
ROOM_MODULES = [path for path in MODULES if path.relative_to(ROOT).parts[0] in ROOMS]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _calls(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the dotted name of each call, with imported names written out."""
    tree = _tree(path)
    full_names = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        if isinstance(node, ast.ImportFrom)
        else alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            first, _, rest = ast.unparse(node.func).partition(".")
            yield node.lineno, ".".join(part for part in (full_names.get(first, first), rest) if part)


def test_only_the_kernel_commits() -> None:
    """Transactions end in kernel/db.py and nowhere else."""
    committing = [
        f"{_name(path)}:{line}"
        for path in ROOM_MODULES
        if _name(path) != "kernel/db.py"
        for line, call in _calls(path)
        if call.endswith(".commit")
    ]

    assert committing == []


def test_time_and_chance_enter_through_the_kernel() -> None:
    """No room asks the machine for the time, for an id or for a random number."""
    doors = re.compile(
        r"datetime\.(?:datetime\.)?(?:now|utcnow|today)|datetime\.date\.today|time\.(?:time|time_ns|localtime|gmtime)"
        r"|uuid\.(?:uuid1|uuid4|uuid7|getnode)|(?:random|secrets)\..+|os\.urandom"
    )
    others = [
        f"{_name(path)}:{line} {call}"
        for path in ROOM_MODULES
        if not _name(path).startswith("kernel/")
        for line, call in _calls(path)
        if doors.fullmatch(call)
    ]

    assert others == []


def test_modules_are_short() -> None:
    """A module can be read in one sitting."""
    long = {
        _name(path): lines
        for path in MODULES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MODULE_LINES_MAX
    }

    assert long == {}


def test_functions_are_short() -> None:
    """A function fits on a screen."""
    long = {
        f"{_name(path)}:{node.lineno} {node.name}": lines
        for path in MODULES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES_MAX
    }

    assert long == {}


def test_packages_hold_a_docstring_and_nothing_else() -> None:
    """What a package is for stands in its `__init__.py`; what it has stands in its modules."""
    others = [
        _name(path)
        for path in MODULES
        if path.name == "__init__.py" and (not ast.get_docstring(tree := _tree(path)) or len(tree.body) > 1)
    ]

    assert others == []


def test_every_folder_of_tests_is_a_package() -> None:
    """Without `__init__.py`, pytest would import tests/ledger as the ledger."""
    folders = {path.parent for path in MODULES if _name(path).startswith("tests/")}

    assert [_name(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_names_say_what_a_module_is_for() -> None:
    """No module is called by a name that anything would fit into."""
    assert [
        _name(path) for path in MODULES if path.stem in SHAPELESS_NAMES or path.parent.name in SHAPELESS_NAMES
    ] == []


def test_the_kernel_stays_small() -> None:
    """What only one room needs does not belong into the kernel."""
    kernel = [
        path for path in ROOM_MODULES if _name(path).startswith("kernel/") and path.name != "__init__.py"
    ]

    assert len(kernel) <= KERNEL_FILES_MAX


def test_every_exception_to_a_rule_has_a_reason() -> None:
    """`noqa: CODE -- reason`, `type: ignore[code]  # reason`: who reads it learns why."""
    silent = re.compile(
        r"#\s*noqa(?!: [A-Z]+[0-9]+(?:, ?[A-Z]+[0-9]+)* -- \S)" + r"|#\s*type: *ignore(?!\[[\w, -]+\]  ?# \S)"
    )
    without = [
        f"{_name(path)}:{number}"
        for path in MODULES
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if silent.search(line)
    ]

    assert without == []


def test_every_ignored_rule_has_a_reason() -> None:
    """Each code that ruff is told to leave out stands on its own line, with why."""
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    codes = [line for line in lines if re.match(r'\s+"[A-Z]+\d*",', line)]

    assert codes
    assert [line for line in codes if not re.search(r"# \S", line)] == []


def test_nothing_is_skipped() -> None:
    """A test that is left out proves nothing; what can't run here has no place here."""
    skipping = re.compile(
        r"pytest\.(?:skip|importorskip|mark\.skip|mark\.skipif|mark\.xfail)|unittest\.mock|\bmocker\b"
    )
    found = [
        f"{_name(path)}:{number}"
        for path in MODULES
        if _name(path).startswith("tests/") and path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if skipping.search(line)
    ]

    assert found == []


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        # Written in pieces, so that this file does not name them either.
        (
            "package registry",
            r"py" + r"pi\.org|python" + r"hosted\.org|registry\.npm" + r"js|deb\.deb" + r"ian\.org",
        ),
        ("path of one machine", r"(?<![\w./:-])/(?:work|root|opt|Users|home/[a-z]\w*)/[\w.]"),
        ("secret", r"sk_live_|-----BEGIN (?:RSA |EC |OPENSSH |)PRIVATE KEY|AKIA[0-9A-Z]{16}"),
    ],
)
def test_no_file_names_what_belongs_to_one_machine(what: str, pattern: str) -> None:
    """A clone works anywhere: no file tells where packages came from, where it was written, or a secret."""
    found = []
    for path in TRACKED:
        if path == Path(__file__) or "vendor" in path.parts:
            continue
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{_name(path)}: {match[0]}" for match in re.finditer(pattern, text)]

    assert found == [], what


def test_no_conflict_is_left_over() -> None:
    """Nothing that a merge could not decide was committed."""
    marks = tuple(mark * 7 + " " for mark in "<>")
    texts = {".py", ".html", ".js", ".css", ".md", ".po", ".toml", ".json"}
    found = [
        f"{_name(path)}:{number}"
        for path in TRACKED
        if path.suffix in texts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.startswith(marks)
    ]
    assert [] == found
