"""Run the simulation: `python -m tests.simulation --seed 7 --steps 10000 --backend sqlite`."""

import argparse
import sys
import time

from tests.simulation import running


def main() -> int:
    """Run some seeds; tell of each, and of the first that fails with the command that shows it again."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds, one after the other")
    parser.add_argument(
        "--steps", type=int, default=10_000, help="requests, faults and moves of time in each"
    )
    parser.add_argument("--backend", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--every", type=int, default=2000, help="steps between two full verifications")
    given = parser.parse_args()
    with running.stage(given.backend) as stage:
        for seed in range(given.seed, given.seed + given.seeds):
            begun = time.monotonic()
            try:
                done = running.run_or_explain(stage, seed, given.steps, given.every)
            except running.Failure as failure:
                print(failure)  # noqa: T201 -- this is a program
                return 1
            seconds = time.monotonic() - begun
            print(f"seed {seed}: {done.told()}, {seconds:.1f} s")  # noqa: T201 -- the same
    return 0


if __name__ == "__main__":
    sys.exit(main())
