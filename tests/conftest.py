"""What every test may ask for by name. The fixtures are in `tests/fixtures`, a module for each kind."""

pytest_plugins = [
    "tests.fixtures.chromium",
    "tests.fixtures.databases",
    "tests.fixtures.garbage",
    "tests.fixtures.ordering",
    "tests.fixtures.postgresql",
    "tests.fixtures.statements",
    "tests.fixtures.valkey",
]
