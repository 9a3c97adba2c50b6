"""The same town as in the rooms' tests."""

from tests.domain.conftest import town

__all__ = ["town"]
