"""Refreshes the front-end packages kept in this repository, so that nobody needs npm to run Duiscoin.

    scripts/vendor.py                     fetch every package again in the version that is written down
    scripts/vendor.py htmx.org@2.0.12     move a package to another version

`vendor.json` in each folder says which files are kept and where they lie in their package (`sources`: those
that are kept as one archive); this script writes their versions and hashes. Packages come from the registry
that npm is set to; none of their scripts is run.
"""

import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LISTS = (
    ROOT / "web/static/vendor/vendor.json",
    ROOT / "web/papers/vendor/vendor.json",
    ROOT / "tests/web/vendor/vendor.json",
)


def main(wanted: list[str]) -> None:
    """Fetch the packages named NAME@VERSION, or all."""
    versions = dict(one.rpartition("@")[::2] for one in wanted)
    listed = {path: json.loads(path.read_text(encoding="utf-8")) for path in LISTS}
    if unknown := versions.keys() - {package["name"] for packages in listed.values() for package in packages}:
        sys.exit(f"not in a vendor.json: {', '.join(sorted(unknown))}")
    for path, packages in listed.items():
        for package in packages:
            if versions and package["name"] not in versions:
                continue
            package["version"] = versions.get(package["name"], package["version"])
            refresh(package, path.parent)
            print(f"{package['name']} {package['version']}: {len(package['files'])} files")
        path.write_text(json.dumps(packages, indent=2) + "\n", encoding="utf-8")


def refresh(package: dict[str, Any], folder: Path) -> None:
    """Fetch one package, copy the wanted files and note their hashes."""
    with tempfile.TemporaryDirectory() as temporary:
        name = f"{package['name']}@{package['version']}"
        command = ["npm", "pack", "--ignore-scripts", "--silent", "--pack-destination", temporary, name]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(temporary).glob("*.tgz")
        with tarfile.open(archive) as packed:
            for file in package["files"]:
                content = (
                    bundle(packed, file["sources"]) if "sources" in file else one(packed, file["source"])
                )
                file["sha256"] = hashlib.sha256(content).hexdigest()
                target = folder / file["path"]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)


def one(packed: tarfile.TarFile, source: str) -> bytes:
    """Return a file of a package."""
    member = packed.extractfile(f"package/{source}")
    if member is None:
        sys.exit(f"no file {source}")
    return member.read()


def bundle(packed: tarfile.TarFile, patterns: list[str]) -> bytes:
    """Return many files of a package as one archive, without times and owners."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:xz") as archive:
        for name in sorted(packed.getnames()):
            source = name.removeprefix("package/")
            if any(fnmatch(source, pattern) for pattern in patterns):
                content = one(packed, source)
                head = tarfile.TarInfo(Path(source).name)
                head.size = len(content)
                archive.addfile(head, io.BytesIO(content))
    return made.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
