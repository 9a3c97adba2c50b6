"""Flows as checked data: the life of an entity, read from YAML, proved, compiled and stepped.

Pure: no clock, no randomness, no file or network access; text comes in, tables and findings come out. The
order of the parts is `document` (YAML text to nodes with lines), `shape` (the form of a file, for reader, schema and
docs), `language` (nodes to a Flow, `records`), `check` (a Flow and a Vocabulary to faults), `compile` (to a Table), `step`
(a status and a trigger to the row that matched), `driving` (to the end of an event), `timing` (to the timers of a status, in
`calendars`), `tables` (many versions side by side). `docs/reference/flows.md` documents the language and each fault.
"""
