"""Checks that a wheel holds every tracked file of every room, and nothing else of this repository."""

import subprocess
import sys
import zipfile

ROOMS = ("api", "identity", "kernel", "ledger", "merchants", "redemption", "rewards", "web")


def main(wheel: str) -> int:
    """Print what is missing or too much; return the exit code."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--", *ROOMS], check=True, capture_output=True, text=True
    )
    tracked = {name for name in listing.stdout.split("\0") if name}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    for name in sorted(tracked - packed):
        print(f"missing in the wheel: {name}")
    foreign = sorted(name for name in packed if name.split("/")[0] not in ROOMS)
    for name in foreign:
        print(f"does not belong in the wheel: {name}")
    print(f"{len(packed)} files in the wheel")
    return 1 if tracked - packed or foreign else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
