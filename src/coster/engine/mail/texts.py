"""The texts of letters: a file for each kind and language, `<kind>.<language>.txt`; its first line is the subject. Pure.

Words stand in braces, as in the webhooks of flows. A language without a file of its own falls back on its first part (`de-AT` on
`de`), and that on English.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from coster.engine.mail.model import Address, Letter, Mail
from coster.engine.workflow import templates

FALLBACK: Final = "en"


class Texts:
    """All texts, by kind and language."""

    def __init__(self, directories: Iterable[Path]) -> None:
        """Reads every text of these directories. ValueError: a kind has no text in English."""
        self._texts: dict[tuple[str, str], str] = {}
        for directory in directories:
            for path in sorted(directory.glob("*.txt")):
                kind, language = path.stem.rsplit(".", 1)
                self._texts[kind, language] = path.read_text("utf-8")
        for kind, _ in self._texts:
            if (kind, FALLBACK) not in self._texts:
                raise ValueError(f"the letter {kind} has no text in English")

    @property
    def names(self) -> frozenset[tuple[str, str]]:
        """Which kinds there are, in which languages."""
        return frozenset(self._texts)

    def letter(self, mail: Mail, to: Address, message_id: str) -> Letter | None:
        """The letter in the language of whoever gets it; None where there is no such kind."""
        language = self._language(mail.kind, to.language)
        text = self._texts.get((mail.kind, language))
        if text is None:
            return None
        subject, _, body = _filled(text, mail.words).partition("\n")
        return Letter(
            message_id=message_id,
            written_at=mail.written_at,
            to=to.email,
            subject=subject,
            text=body.lstrip("\n"),
            language=language,
        )

    def _language(self, kind: str, wanted: str) -> str:
        tried = (wanted.lower(), wanted.lower().partition("-")[0])
        return next((one for one in tried if (kind, one) in self._texts), FALLBACK)


def _filled(text: str, words: Mapping[str, str]) -> str:
    """The text with its words. A word brings no line of its own, so none can pretend to be ours, or a header."""
    given = {name: " ".join(word.split()) for name, word in words.items()}
    return str(templates.fill(text, given))
