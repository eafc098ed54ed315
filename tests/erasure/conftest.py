"""Fixtures of the tests of erasing."""

from tests.api.conftest import edge

__all__ = ["edge"]
