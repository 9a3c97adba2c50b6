"""Where flows are found: files that somebody names, those that are shipped, and what the rooms declare for them."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterable, Mapping
from importlib import metadata, resources
from pathlib import Path

import msgspec

from coster import domain, engine
from coster.cli.output import Exit, FailedError
from coster.engine.webhooks.vocabulary import VOCABULARY as ENDPOINTS
from coster.engine.workflow import antipatterns, declaring, language, plugins
from coster.engine.workflow import check as checking
from coster.engine.workflow.actions import Vocabulary
from coster.engine.workflow.faults import Fault, FlowRefusedError
from coster.engine.workflow.records import Flow

FLOWS = ".yaml"
SCENARIOS = ".scenarios.yaml"
VOCABULARY = ".vocabulary.yaml"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A text with the place that it came from."""

    place: str
    """The file as it was named; of what is shipped its name."""
    text: str
    scenarios: bool = False
    """Whether it is a file of scenarios, by its name."""
    shipped: bool = False


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A flow with what is wrong with it, and with what is seldom wise."""

    place: str
    flow: Flow | None = None
    """None: the file has no form."""
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


def shipped_texts(end: str = FLOWS) -> dict[str, str]:
    """The texts of the flows that are shipped, or with another end of their scenarios, by name and in order."""
    floors = (domain, engine)
    rooms = [
        room / "flows"
        for floor in floors
        for room in resources.files(floor).iterdir()
        if (room / "flows").is_dir()
    ]
    found = {file.name: file for room in rooms for file in room.iterdir() if file.name.endswith(end)}
    return {
        name.removesuffix(end): found[name].read_text(encoding="utf-8")
        for name in sorted(found)
        if end == SCENARIOS or not name.endswith(SCENARIOS)
    }


def shipped() -> dict[str, Flow]:
    """The flows that are shipped by name."""
    return {name: language.read(text, name) for name, text in shipped_texts().items()}


def vocabularies(sources: Iterable[Source] = ()) -> dict[str, Vocabulary]:
    """What the rooms declare by entity, and the vocabulary files beside the sources, with the actions of installed packages.

    FailedError: a file is no vocabulary, or declares what a room or another file has; a package is none.
    """
    found: dict[str, Vocabulary] = {ENDPOINTS.entity: ENDPOINTS}
    for room in pkgutil.iter_modules(domain.__path__, f"{domain.__name__}."):
        if importlib.util.find_spec(f"{room.name}.rules") is None:
            continue
        rules = importlib.import_module(f"{room.name}.rules")
        for part in pkgutil.iter_modules(getattr(rules, "__path__", [])):
            if part.name.startswith("vocabulary"):
                module = importlib.import_module(f"{rules.__name__}.{part.name}")
                declared = [value for value in vars(module).values() if isinstance(value, Vocabulary)]
                found |= {vocabulary.entity: vocabulary for vocabulary in declared}
    for source in _beside(sources):
        found |= _declared(source, found)
    try:
        return {entity: plugins.extended(vocabulary, installed()) for entity, vocabulary in found.items()}
    except plugins.PluginRefusedError as refused:
        raise FailedError(str(refused)) from None


def _beside(sources: Iterable[Source]) -> list[Source]:
    """The vocabulary files of the directories in which sources stand, each once."""
    directories = dict.fromkeys(Path(source.place).parent for source in sources if not source.shipped)
    return [_read(file) for directory in directories for file in sorted(directory.glob(f"*{VOCABULARY}"))]


def _declared(source: Source, known: Mapping[str, Vocabulary]) -> dict[str, Vocabulary]:
    """What a vocabulary file declares. FailedError: it is none, or an entity is known already."""
    try:
        found = declaring.read(source.text, source.place)
    except FlowRefusedError as refused:
        raise FailedError(str(refused), Exit.WRONG) from None
    if twice := sorted(found.keys() & known.keys()):
        message = f"found the entity '{twice[0]}', which is declared already; accepted: another name"
        raise FailedError(f"{source.place}: {message}", Exit.WRONG)
    return found


def installed() -> tuple[plugins.Action, ...]:
    """The actions of installed packages. Raises PluginRefusedError."""
    return plugins.load(metadata.entry_points(group=plugins.GROUP))


def named(words: Iterable[str]) -> list[Source]:
    """The texts that words name: files, directories (what ends in .yaml in them), or names of flows that are shipped.

    Vocabulary files are left out: they stand beside flows, and are read with them.
    FileNotFoundError: nothing is called so. FailedError: it is no text.
    """
    found: list[Source] = []
    for word in words:
        path = Path(word)
        if path.is_dir():
            inside = [file for file in sorted(path.glob(f"*{FLOWS}")) if not file.name.endswith(VOCABULARY)]
            if not inside:
                raise FileNotFoundError(f"{word}: found no file that ends in {FLOWS}")
            found += [_read(file) for file in inside]
        elif path.exists():
            found += [] if path.name.endswith(VOCABULARY) else [_read(path)]
        else:
            found.append(_shipped(word))
    return found


def with_neighbours(sources: Iterable[Source]) -> list[Source]:
    """The sources, with the scenarios that stand beside flows and the flows beside scenarios, each once."""
    found: dict[str, Source] = {}
    for source in sources:
        found.setdefault(source.place, source)
        end, other_end = (SCENARIOS, FLOWS) if source.scenarios else (FLOWS, SCENARIOS)
        if source.shipped:
            flow = f"{source.place}{FLOWS}".removesuffix(end)
            if flow in shipped_texts(other_end):
                other = _shipped(_place(flow, other_end))
                found.setdefault(other.place, other)
            continue
        beside = Path(f"{source.place.removesuffix(end)}{other_end}")
        if beside.is_file():
            found.setdefault(str(beside), _read(beside))
    return list(found.values())


def _read(path: Path) -> Source:
    """The text of a file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise FailedError(f"{path}: found no UTF-8 at byte {wrong.start}", Exit.WRONG) from None
    return Source(place=str(path), text=text, scenarios=path.name.endswith(SCENARIOS))


def _shipped(name: str) -> Source:
    """What is shipped under a name, of a flow or of its scenarios. FileNotFoundError."""
    for end in (FLOWS, SCENARIOS):
        for flow, text in shipped_texts(end).items():
            place = _place(flow, end)
            if place == name:
                return Source(place=place, text=text, scenarios=end == SCENARIOS, shipped=True)
    known = ", ".join(shipped_texts())
    raise FileNotFoundError(
        f"{name} is no file; accepted: a file, a directory, or a flow that is shipped ({known})"
    )


def _place(flow: str, end: str) -> str:
    """The word for what is shipped: a flow by its name, its scenarios by `.scenarios` after it."""
    return f"{flow}{end}".removesuffix(FLOWS)


def flow_of(word: str) -> tuple[Source, Flow]:
    """The one flow that a word names, with its text. FailedError: it is none."""
    sources = [source for source in named([word]) if not source.scenarios]
    if len(sources) != 1:
        raise FailedError(f"{word}: found {len(sources)} flows; accepted: one", Exit.USAGE)
    try:
        return sources[0], language.read(sources[0].text, sources[0].place)
    except FlowRefusedError as refused:
        raise FailedError(str(refused), Exit.WRONG) from None


def judge(sources: Iterable[Source]) -> list[Judged]:
    """Every flow with its faults and warnings, in order; all of them and those that are shipped are each other's library."""
    sources, found = list(sources), []
    for source in sources:
        try:
            found.append(Judged(place=source.place, flow=language.read(source.text, source.place)))
        except FlowRefusedError as refused:
            found.append(Judged(place=source.place, faults=refused.faults))
    library = shipped() | {one.flow.name: one.flow for one in found if one.flow is not None}
    known = vocabularies(sources)
    return [_checked(one, known, library) for one in found]


def _checked(one: Judged, known: Mapping[str, Vocabulary], library: Mapping[str, Flow]) -> Judged:
    """A flow with what the checker says."""
    if one.flow is None:
        return one
    vocabulary = known.get(one.flow.entity)
    if vocabulary is None:
        message = f"found the entity '{one.flow.entity}'; accepted: {', '.join(sorted(known))}."
        fault = Fault(code="entity_differs", line=0, path="entity", message=message)
        return msgspec.structs.replace(one, faults=(fault,))
    return msgspec.structs.replace(
        one,
        faults=checking.check(one.flow, vocabulary, library),
        warnings=antipatterns.warnings(one.flow, vocabulary, library),
    )
