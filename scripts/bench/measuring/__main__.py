"""Runs the parts. See docs/performance.md for what each figure means."""

import argparse
import contextlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from scripts.bench.measuring import calling, edge, growing, peers, posts, stages, storage
from scripts.bench.measuring.results import Printer, Result
from scripts.bench.measuring.scale import FULL, QUICK, Scale
from scripts.bench.measuring.stages import Stages, UnsoundError

BACKENDS = ("postgresql", "sqlite")
ON_STAGE = {
    "posts": posts.batches,
    "mixed": posts.mixed,
    "holds": posts.holds,
    "callers": calling.group_commit,
    "storage": storage.size_and_verification,
}
"""Parts that need a stage and nothing else, on every backend."""
PARTS = (*ON_STAGE, "textbook", "pgledger", "http", "growth")


def main() -> int:
    """Measure; return 0 if every book verified."""
    options = _options()
    scale = QUICK if options.quick else FULL
    if options.rounds:
        scale = replace(scale, rounds=options.rounds)
    if options.growth:
        scale = replace(scale, growth=options.growth)
    printer = Printer(as_json=options.json)
    printer.table_head()
    try:
        with stages.opened(
            options.folder,
            options.postgresql_url,
            backends=options.backend,
            wallet_count=scale.wallets,
            lax=options.quick,
        ) as all_stages:
            for part in options.only:
                for backend in options.backend:
                    stages.note(f"{part} on {backend}")
                    printer.all(_measured(part, backend, all_stages, scale, options))
    except UnsoundError as error:
        stages.note(f"UNSOUND: {error}")
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench/ledger.py", description=__doc__)
    add = parser.add_argument
    add("--json", action="store_true", help="print one JSON object per line")
    add("--quick", action="store_true", help="a smoke test in seconds; its figures mean nothing")
    add("--only", action="append", choices=PARTS, help="this part; may be given several times")
    add("--backend", action="append", choices=BACKENDS, help="on this database only; may be given twice")
    add("--rounds", type=int, help="how many turns each has")
    add("--growth", type=int, help="transfers up to which the book grows")
    add("--picture", type=Path, help="write the curves of growth into this SVG file")
    add("--folder", type=Path, help="where the databases live while it runs; on a real disk")
    add("--postgresql-url", help="a server to use instead of one that is started; may create databases")
    add("--pgledger-url", help="a database in which pgledger is installed")
    add("--pgledger-sql", type=Path, nargs="+", default=[], help="files that install pgledger, in order")
    options = parser.parse_args()
    options.only = options.only or list(PARTS)
    options.backend = options.backend or list(BACKENDS)
    return options


def _measured(
    part: str, backend: str, all_stages: Stages, scale: Scale, options: argparse.Namespace
) -> Iterator[Result]:
    """Measure a part on a stage of its own; the book is verified before its results are given."""
    if part in {"textbook", "pgledger"} and backend != "postgresql":
        return
    with all_stages.fresh(backend) as stage, contextlib.ExitStack() as stack:
        if part in ON_STAGE:
            found: Sequence[Result] = list(ON_STAGE[part](stage, scale))
        elif part == "textbook":
            found = list(peers.textbook(all_stages, stage, scale))
        elif part == "pgledger":
            given = peers.pgledger_database(all_stages, options.pgledger_url, options.pgledger_sql)
            url = stack.enter_context(given)
            if url is None:
                stages.note("pgledger: left out, neither --pgledger-url nor --pgledger-sql was given")
                return
            found = list(peers.beside_pgledger(stage, scale, url))
        elif part == "http":
            found = list(edge.requests(stage, scale))
        else:
            picture = options.picture if backend == options.backend[0] else None
            found = list(growing.growth(stage, scale, picture))
        stage.verify()
    yield from found


if __name__ == "__main__":
    sys.exit(main())
