"""JSON Schema of flow files, for editors that complete and check them while they are written."""

from __future__ import annotations

from coster.engine.workflow import shape
from coster.engine.workflow.form import Schema

URL = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> Schema:
    """The schema of a flow file as plain data: it refuses what the reader refuses for its form.

    Docs keep it as docs/reference/flows.schema.json. `date` is a format here, so validators must check formats.
    """
    return {"$schema": URL, "title": "A flow of Coster", **shape.FLOW.schema()}
