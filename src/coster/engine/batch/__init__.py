"""The one pipeline: commands are gathered, loaded for, decided, written and committed together (ADR 0002).

Owns the table `command`: every command that was answered, with its answer, by id. It makes repeats harmless and is the
audit of who asked what. Invariant: a command id is applied at most once.
"""
