"""Statements to nodes of known classes with known names: whichever generation of the standard wrote them; what is unknown stays behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from coster.edges.dfc.language import identifiers, namespaces, records, vocabulary
from coster.edges.dfc.language.expanding import Ref, Statements, Value
from coster.edges.dfc.language.faults import Found
from coster.edges.dfc.language.vocabulary import Class, Kind

# What a context takes for an id although peers write words there.
_WORDS = frozenset(
    name
    for kind in vocabulary.CLASSES
    for field in kind.fields
    if field.kind is Kind.COUNTRY
    for name in (*field.writes, *field.reads)
)


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a body without id, or without class, is about: a PUT to a catalogue item may hold nothing but its new stock."""

    record: type[records.Record]
    id: str


class Node(msgspec.Struct, kw_only=True):
    """A node: its class where Coster speaks it, and what is said of it by local names of the ontology of business (and `owl:sameAs`)."""

    id: str
    inside: bool
    kind: Class | None
    values: dict[str, list[Value]]


class Nodes:
    """The nodes of a document by id, with relative ids made whole."""

    def __init__(
        self, statements: Iterable[Statements], *, base: str, subject: Subject | None, found: Found
    ) -> None:
        self._base = base
        self._found = found
        self._typed: set[str] = set()
        self.by_id: dict[str, Node] = {}
        listed = list(statements)
        mentioned = {
            value.id
            for one in listed
            for values in one.values.values()
            for value in values
            if isinstance(value, Ref)
        }
        about = self._about(listed, mentioned, subject) if subject else None
        for one in listed:
            self._take(one, subject if one is about else None)
        self._infer()

    def find(self, ref: Ref) -> Node | None:
        """The node that a value names; None where the document says nothing of it."""
        return self.by_id.get(self.id(ref.id))

    def bare(self, text: str) -> str:
        """A text that a context has taken for an id, as it stood there: without the address that made it whole."""
        return text.removeprefix(identifiers.resolved(".", self._base)) if self._base else text

    def id(self, given: str) -> str:
        """An id as it counts: whole, where the document leaves it relative and the base is known."""
        return given if given in self.by_id else identifiers.resolved(given, self._base)

    def known(self) -> Iterator[tuple[Node, Class]]:
        """The nodes of classes that Coster speaks, in the order of the document."""
        return ((node, node.kind) for node in self.by_id.values() if node.kind)

    def descriptions(self) -> dict[str, str]:
        """What nodes without an id of their own are called in faults, by the id that we gave them."""
        return {
            node.id: f"{node.kind.name} without @id" for node, _ in self.known() if node.inside and node.kind
        }

    def _about(self, listed: list[Statements], mentioned: set[str], subject: Subject) -> Statements | None:
        """The node without an id that is the subject: the one of its class, else the one without a class where nothing has that class.

        Of several none is, because what two nodes say must never become one.
        """
        wanted = vocabulary.BY_RECORD[subject.record]
        unnamed = [one for one in listed if one.inside and one.id not in mentioned]
        kinds = {one.id: _kinds(one) for one in listed}
        of_class = [one for one in unnamed if kinds[one.id] == [wanted]]
        if not of_class and not any(wanted in found for found in kinds.values()):
            of_class = [one for one in unnamed if not one.types]
        return of_class[0] if len(of_class) == 1 else None

    def _take(self, stated: Statements, subject: Subject | None) -> None:
        kind = self._class(stated)
        id_ = self.id(stated.id)
        if subject:
            id_, kind = subject.id, vocabulary.BY_RECORD[subject.record]
        values: dict[str, list[Value]] = {}
        for name, given in stated.values.items():
            term = namespaces.term(name)
            local = term[1] if term and term[0] == "dfc-b" else name if name == vocabulary.SAME_AS else None
            if local:
                values.setdefault(local, []).extend(given)
        if stated.types:
            self._typed.add(id_)
        node = self.by_id.setdefault(
            id_, Node(id=id_, inside=stated.inside and not subject, kind=kind, values={})
        )
        node.kind = node.kind or kind
        for name, given in values.items():
            node.values.setdefault(name, []).extend(given)
        self._check_ids(node)

    def _class(self, stated: Statements) -> Class | None:
        kinds = _kinds(stated)
        if len(kinds) > 1:
            both = ", ".join(f"dfc-b:{kind.name}" for kind in kinds)
            self._found.add(
                "class_conflict",
                node=stated.id,
                property_="@type",
                found=both,
                accepted="one of these for a node is accepted",
            )
        return kinds[0] if kinds else None

    def _check_ids(self, node: Node) -> None:
        """Tells ids that can be none: of the node, and whole ones that it names, also behind names that we do not know."""
        accepted = f"an IRI without spaces, quotes, brackets and control characters, of at most {identifiers.MOST}, is accepted"
        bad = identifiers.is_malformed(node.id) or len(node.id) > identifiers.MOST
        if node.kind and not node.inside and bad:
            self._found.add("iri_malformed", node=node.id, property_="@id", found=node.id, accepted=accepted)
        for name, values in node.values.items() if node.kind else ():
            if name in _WORDS:
                continue
            for value in values:
                if (
                    isinstance(value, Ref)
                    and identifiers.is_absolute(value.id)
                    and identifiers.is_malformed(value.id)
                ):
                    self._found.add(
                        "iri_malformed",
                        node=node.id,
                        property_=f"dfc-b:{name}",
                        found=value.id,
                        accepted=accepted,
                    )

    def _infer(self) -> None:
        """Nodes that come without any class are of the one that whatever names them expects."""
        unknown = {node.id for node in self.by_id.values() if node.kind is None} - self._typed
        waiting = sorted(self.known(), key=_by_class_and_id) if unknown else []
        for node, kind in waiting:  # which grows on the way
            for name, values in sorted(node.values.items()):
                expected = _EXPECTED.get((kind.name, name))
                for value in values if expected else ():
                    other = self.find(value) if isinstance(value, Ref) else None
                    if expected and other and other.kind is None and other.id in unknown:
                        other.kind = expected
                        waiting.append((other, expected))


def _kinds(stated: Statements) -> list[Class]:
    """The classes that Coster speaks, of those that a node says that it is of."""
    names = [term[1] for kind in stated.types if (term := namespaces.term(kind)) and term[0] == "dfc-b"]
    return list({known.name: known for name in names if (known := vocabulary.BY_NAME.get(name))}.values())


def _expectations() -> dict[tuple[str, str], Class]:
    """Of which class a node is that a node of this class names by this property, where that can be told."""
    found: dict[tuple[str, str], Class] = {}
    for kind in vocabulary.CLASSES:
        for name in vocabulary.BACKWARDS:
            candidates = vocabulary.backwards(kind, name)
            if len(candidates) == 1:
                found[kind.name, name] = candidates[0][0]
        for field in kind.fields:
            if field.kind is Kind.REF:
                found |= {
                    (kind.name, name): vocabulary.BY_NAME[field.of[0]]
                    for name in (*field.writes, *field.reads)
                }
    return found


_EXPECTED = _expectations()


def _by_class_and_id(known: tuple[Node, Class]) -> tuple[int, str]:
    node, kind = known
    return vocabulary.RANK[kind.record], node.id
