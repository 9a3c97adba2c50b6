"""Tests of the whole federation: lines that fail, three servers, and what must be true afterwards."""
