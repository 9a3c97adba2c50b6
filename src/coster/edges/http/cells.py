"""The cells of a CSV row, which are all text, to what the row's schema wants: numbers, words for yes and no, lists."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from coster.edges.http import schemas

_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_YES_NO: Final = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}


class Cells:
    """Reads rows of one type. A list of words is separated by `|`; a list of objects is JSON in its cell."""

    def __init__(self, type_: Any) -> None:
        [self._root], self._parts = schemas.components([type_], "#/$defs/{name}")

    def document(self, cells: dict[str, Any]) -> dict[str, Any]:
        """The row as JSON would have it; what cannot be read stays text, so that the faults show it."""
        return self._object(cells, self._resolved(self._root))

    def _object(self, cells: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
        properties = self._branch(cells, schema).get("properties", {})
        return {name: self._value(cell, properties.get(name, {})) for name, cell in cells.items()}

    def _branch(self, cells: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
        """Of a union the branch whose tag the row carries."""
        for branch in schema.get("anyOf", ()):
            found = self._resolved(branch)
            tag = found.get("properties", {}).get("type", {})
            if cells.get("type") in tag.get("enum", [tag.get("const")]):
                return found
        return schema

    def _value(self, cell: Any, schema: dict[str, Any]) -> Any:
        kinds = [self._resolved(branch) for branch in schema.get("anyOf", [schema])]
        if isinstance(cell, list):
            items: dict[str, Any] = next(
                (kind.get("items", {}) for kind in kinds if kind.get("type") == "array"), {}
            )
            return [self._value(one, items) for one in cell]
        if isinstance(cell, dict):
            return self._object(cell, next((kind for kind in kinds if kind.get("type") == "object"), {}))
        for kind in kinds:
            match kind.get("type"):
                case "integer" if _WHOLE.fullmatch(cell):
                    return int(cell)
                case "boolean" if cell.lower() in _YES_NO:
                    return _YES_NO[cell.lower()]
                case "array":
                    return _list(cell)
        return cell

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self._parts[schema["$ref"].rsplit("/", 1)[1]]
        return schema


def _list(cell: str) -> Any:
    if not cell.startswith("["):
        return [part.strip() for part in cell.split("|") if part.strip()]
    try:
        return msgspec.json.decode(cell)
    except msgspec.DecodeError:
        return cell
