"""The same document in other words: other spellings, shapes, generations and orders, by chance; whoever reads it must find the same."""

from __future__ import annotations

import copy
import json
import random
import re
from decimal import Decimal
from typing import Any

from coster.edges.dfc.language import contexts, vocabulary
from coster.edges.dfc.language.vocabulary import Class, Field, Kind

Json = dict[str, Any]

_OLD = "http://static.datafoodconsortium.org/"
# Only prefixes, so that nothing points by itself: ids, statuses and units are then plain texts.
INLINE = {
    "dfc-b": f"{_OLD}ontologies/DFC_BusinessOntology.owl#",
    "dfc-m": f"{_OLD}data/measures.rdf#",
    "dfc-pt": f"{_OLD}data/productTypes.rdf#",
    "dfc-f": f"{_OLD}data/facets.rdf#",
    "dfc-v": "https://www.w3id.org/dfc/taxonomies/vocabulary.rdf#",
}
KNOWN_CONTEXTS: list[Any] = [
    contexts.URL_1,
    contexts.URL_2,
    "https://www.datafoodconsortium.org",
    "https://www.datafoodconsortium.org/",
    "https://www.datafoodconsortium.org/wp-content/plugins/wordpress-context-jsonld/context.jsonld",
    "https://www.datafoodconsortium.org/wp-content/plugins/wordpress-context-jsonld/context_1.8.2.jsonld",
    "http://static.datafoodconsortium.org/ontologies/context.json",
    "https://w3id.org/dfc/ontology/context/context_1.16.0.json",
    "http://w3id.org/dfc/ontology/context/context_1.15.0.json",
    ["https://w3id.org/dfc/ontology/context/context_2.0.0.json", {"@base": "https://farm.example/"}],
    INLINE,
    [contexts.URL_1, {"ldp": "http://www.w3.org/ns/ldp#", "@version": "1.1"}],
]
_MARK = re.compile(r'"number:([^"]*)"')


def said_otherwise(body: bytes, chance: random.Random) -> bytes:
    """The document in other words."""
    document = json.loads(body)
    nodes = document.get("@graph", [document] if "@id" in document else [])
    nodes = [
        {name: value for name, value in node.items() if name != "@context"} for node in copy.deepcopy(nodes)
    ]
    nodes = [_node(node, chance) for node in _one_way(nodes, chance)]
    nodes = _nested([_shuffled(node, chance) for node in nodes], chance)
    chance.shuffle(nodes)
    given = chance.choice(KNOWN_CONTEXTS)
    made = (
        {"@context": given, **nodes[0]}
        if len(nodes) == 1 and chance.random() < 0.7
        else {"@context": given, "@graph": nodes}
    )
    text = json.dumps(made, ensure_ascii=chance.random() < 0.5)
    return _MARK.sub(r"\1", text).encode()


def _kind(node: Json) -> Class:
    return vocabulary.BY_NAME[node["@type"].removeprefix("dfc-b:")]


def _one_way(nodes: list[Json], chance: random.Random) -> list[Json]:
    """Now and then a link is only told from one end; the lines of an order stay with it, because it knows their order."""
    by_id = {node["@id"]: node for node in nodes}
    for node in nodes:
        for field in _kind(node).fields:
            if field.kind is Kind.REF and field.inverse and field.name not in ("lines", "order"):
                _tell_once(node, field, by_id, chance)
    return nodes


def _tell_once(node: Json, field: Field, by_id: dict[str, Json], chance: random.Random) -> None:
    ids = _each(node.get(f"dfc-b:{field.writes[0]}", []))
    ids = [id_["@id"] if isinstance(id_, dict) else id_ for id_ in ids]
    inverse = f"dfc-b:{field.inverse}"
    if (
        ids
        and all(node["@id"] in _each(by_id[id_].get(inverse, [])) for id_ in ids)
        and chance.random() < 0.3
    ):
        for name in field.writes:
            node.pop(f"dfc-b:{name}", None)
    elif chance.random() < 0.3:
        for id_ in ids:
            left = [one for one in _each(by_id[id_].get(inverse, [])) if one != node["@id"]]
            by_id[id_][inverse] = left


def _node(node: Json, chance: random.Random) -> Json:
    made: Json = {"@id": node["@id"], "@type": _type(node, chance)}
    fields = {f"dfc-b:{name}": field for field in _kind(node).fields for name in field.writes}
    told: dict[str, str] = {}
    for name, value in node.items():
        field = fields.get(name)
        if name.startswith("@"):
            continue
        if field is None:
            made[name] = _often_alone(
                [_ref(one, chance) if isinstance(one, str) else one for one in _each(value)], chance
            )
        else:
            spelling = told.setdefault(field.name, chance.choice((*field.writes, *field.reads)))
            values = [_value(one, field, spelling, chance) for one in _each(value)]
            made[f"dfc-b:{spelling}"] = _often_alone(values, chance)
    return made


def _type(node: Json, chance: random.Random) -> Any:
    kind = _kind(node)
    name = f"dfc-b:{chance.choice((kind.name, *kind.reads))}"
    return chance.choice((name, [name], [name, "http://xmlns.com/foaf/0.1/Agent"], [name, name]))


def _value(value: Any, field: Field, spelling: str, chance: random.Random) -> Any:
    match field.kind:
        case Kind.REF:
            return _ref(value["@id"] if isinstance(value, dict) else value, chance)
        case Kind.LINE_QUANTITY if spelling == "hasQuantity" or chance.random() < 0.2:
            number = _number(value, chance)
            return {
                "@type": "dfc-b:QuantitativeValue",
                chance.choice(("dfc-b:value", "dfc-b:hasValue")): number,
            }
        case Kind.DECIMAL | Kind.STOCK | Kind.LINE_QUANTITY:
            return _number(value, chance)
        case Kind.FLAG:
            return chance.choice((value, value == "true", {"@value": value}))
        case Kind.STATUS:
            name = value.removeprefix("dfc-v:")
            whole = [f"{contexts.CONTEXT_1['dfc-v']}{name}", f"{contexts.CONTEXT_2['dfc-v']}{name}"]
            return chance.choice((value, {"@id": value}, {"@value": name}, *whole, {"@id": whole[0]}))
        case Kind.PRICE | Kind.QUANTITY:
            return {name: _part(name, one, chance) for name, one in _shuffled(value, chance).items()}
    return value


def _part(name: str, value: str, chance: random.Random) -> Any:
    if name in ("dfc-b:value", "dfc-b:VATrate"):
        return _often_alone([_number(value, chance)], chance)
    if name == "dfc-b:hasUnit":
        local = value.removeprefix("dfc-m:")
        other = {"PoundSterling": "GBP", "Euro": "EUR", "Package": "pack"}.get(local, local)
        return chance.choice(
            (
                value,
                {"@id": value},
                f"dfc-m:{other}",
                {"@value": local},
                f"{contexts.CONTEXT_2['dfc-m']}{local}",
            )
        )
    return value


def _number(value: str, chance: random.Random) -> Any:
    """A number as text, as number, as typed literal, with an exponent; never one that has lost a digit."""
    exponent = f"{Decimal(value):E}"
    typed = {"@type": "http://www.w3.org/2001/XMLSchema#double", "@value": exponent}
    return chance.choice(
        (value, f"number:{value}", f"number:{exponent}", typed, {"@value": f"number:{value}"}, f" {value} ")
    )


def _ref(id_: str, chance: random.Random) -> Any:
    return chance.choice((id_, {"@id": id_}))


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _often_alone(values: list[Any], chance: random.Random) -> Any:
    """One value by itself or in an array, several in one; now and then said twice."""
    if values and chance.random() < 0.1:
        values = [*values, values[0]]
    return values[0] if len(values) == 1 and chance.random() < 0.7 else values


def _shuffled(node: Json, chance: random.Random) -> Json:
    names = list(node)
    chance.shuffle(names)
    return {name: node[name] for name in names}


def _nested(nodes: list[Json], chance: random.Random) -> list[Json]:
    """Some nodes move to where they are named."""
    whole = {node["@id"]: node for node in nodes}
    inside: dict[str, str] = {}
    for node in nodes:
        for name, value in node.items():
            values = _each(value)
            for place, one in enumerate(values):
                id_ = one.get("@id") if isinstance(one, dict) and len(one) == 1 else None
                if (
                    id_ in whole
                    and id_ not in inside
                    and node["@id"] not in _below(id_, inside)
                    and chance.random() < 0.4
                ):
                    inside[id_] = node["@id"]
                    values[place] = whole[id_]
                    node[name] = values
    return [node for node in nodes if node["@id"] not in inside]


def _below(id_: str, inside: dict[str, str]) -> set[str]:
    """The node and all that lie inside of it, at any depth."""
    found = {id_}
    while more := {one for one, holder in inside.items() if holder in found} - found:
        found |= more
    return found
