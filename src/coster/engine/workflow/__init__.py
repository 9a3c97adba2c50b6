"""Flows as checked data: the life of an entity, read from YAML, proved, compiled and stepped.

Pure: no clock, no randomness, no file or network access; text comes in, tables and findings come out. The
order of the parts is `document` (YAML text to nodes with lines), `language` (nodes to a Flow), `check` (a
Flow and a Vocabulary to faults), `compile` (to a Table), `step` (a status and a trigger to the row that
matched). `docs/reference/flows.md` documents the language and each fault.
"""
