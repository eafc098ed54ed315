"""Our scripts have the types that they say: the compiler of TypeScript, on the runtime that comes with Playwright."""

import json
import subprocess
import tarfile
from pathlib import Path

import playwright

ROOT = Path(__file__).parents[2]
COMPILER = Path(__file__).parent / "vendor" / "typescript.tar.xz"
RUNTIME = Path(playwright.__file__).parent / "driver" / "node"
OPTIONS = {
    "allowJs": True,
    # Only what says `@ts-check`; what others wrote does not.
    "checkJs": False,
    "noEmit": True,
    "strict": True,
    "target": "es2023",
    "module": "es2022",
    "moduleResolution": "bundler",
    "moduleDetection": "force",
    "lib": ["es2023", "dom", "dom.iterable", "dom.asynciterable"],
    "skipLibCheck": True,
    "types": [],
}


def test_no_script_has_another_type_than_it_says(tmp_path: Path) -> None:
    """Not one finding in any of them."""
    scripts = sorted((ROOT / "web" / "static" / "js").rglob("*.js"))
    with tarfile.open(COMPILER) as packed:
        packed.extractall(tmp_path, filter="data")
    project = tmp_path / "tsconfig.json"
    project.write_text(json.dumps({"compilerOptions": OPTIONS, "files": [str(path) for path in scripts]}))
    command = [str(RUNTIME), str(tmp_path / "_tsc.js"), "--project", str(project), "--pretty", "false"]
    found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert ("", 0) == (found.stdout + found.stderr, found.returncode)
