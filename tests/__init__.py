"""The tests: house (rules of the house), laws, and one directory for each part of the package."""

import pytest

# What the laws and the tests' towns assert is told in full, as in a test.
pytest.register_assert_rewrite("tests.laws", "tests.acceptance", "tests.town")
