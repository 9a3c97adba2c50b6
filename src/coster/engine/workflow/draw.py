"""Pictures of flows, by the names under which everybody else asks for them; `drawing` makes them."""

from __future__ import annotations

from coster.engine.workflow.drawing.gallery import files as files
from coster.engine.workflow.drawing.mermaid import mermaid as mermaid
from coster.engine.workflow.drawing.svg import svg as svg
