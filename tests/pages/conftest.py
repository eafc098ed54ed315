"""Fixtures of the pages' tests."""

from tests.api.conftest import edge

__all__ = ["edge"]
