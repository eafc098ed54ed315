"""Fixtures of the pages' tests."""

from tests.api.conftest import edge
from tests.browser.conftest import town

__all__ = ["edge", "town"]
