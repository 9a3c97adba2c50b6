"""The tests: house (rules of the house), laws, and one directory for each part of the package."""
