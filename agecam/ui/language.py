"""The language of the window: English in the code, and one file of translations for each other language."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "de": "Deutsch"}
"""By code (ISO 639-1), what each language calls itself."""

_FOLDER: Final = Path(__file__).parent / "translations"
_SENTENCE_BEGINS: Final = 10
"""Characters before its first name that a template has at least to be taken for a sentence's."""
_LOCALES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Variables that say which language messages have, the most important first."""
_NAME: Final = re.compile(r"\{(\w+)\}")


class Catalogue:
    """The translations of one language, read from a file of Qt Linguist's form (``.ts``).

    That form can be edited with Linguist and needs no compiler, so that a wheel holds what was written.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        # Whole sentences alone: a shorter text might match one that says something else.
        sentences = [text for text in texts if len(_NAME.split(text)[0]) >= _SENTENCE_BEGINS]
        sentences.sort(key=len, reverse=True)  # one that goes on where another ends is not taken for that
        self._templates = [(_pattern(text), texts[text]) for text in sentences if _NAME.search(text)]

    @classmethod
    def read(cls, path: Path) -> Catalogue:
        """Those of a file; messages that are not translated yet are left out."""
        from xml.etree import ElementTree  # English has no file

        messages = ElementTree.parse(path).getroot().iter("message")
        pairs = ((one.findtext("source"), one.findtext("translation")) for one in messages)
        return cls({source: translation for source, translation in pairs if source and translation})

    def sentence(self, text: str) -> str:
        """A finished sentence, as the session says it, by the template that it was made of."""
        if text in self.texts:
            return self.texts[text]
        for pattern, other in self._templates:
            if found := pattern.fullmatch(text):
                return other.format(**found.groupdict())
        return text


def _pattern(template: str) -> re.Pattern[str]:
    """What matches the texts that a template with ``{names}`` makes."""
    parts = _NAME.split(template)
    named = [f"(?P<{part}>.+)" if at % 2 else re.escape(part) for at, part in enumerate(parts)]
    return re.compile("".join(named), re.DOTALL)


_catalogue = Catalogue({})


def use_language(code: str) -> None:
    """Speak this language from now on: what is made later, not what stands there already."""
    global _catalogue  # one process has one window, and Qt's translators are global too
    path = _FOLDER / f"agecam_{code}.ts"
    _catalogue = Catalogue.read(path) if code in LANGUAGES and code != "en" else Catalogue({})


def choose_language(chosen: str | None, system: Sequence[str]) -> str:
    """The code of the language to speak: the chosen one, else the first of the system's that there is.

    ``system`` holds codes such as ``de-AT``, those that the user prefers first.
    """
    if chosen in LANGUAGES:
        return str(chosen)
    codes = (re.split("[-_]", name)[0].lower() for name in system)
    return next((code for code in codes if code in LANGUAGES), "en")


def system_languages(
    environment: Mapping[str, str] = os.environ, system: str = sys.platform
) -> Sequence[str]:
    """Codes of the languages that the user prefers, the first of them first.

    As ``QLocale.system().uiLanguages()`` has them. On Linux that reads no more than the environment, and the
    list of all languages and countries that comes with it takes a while to be loaded.
    """
    if system != "linux":
        from PyQt6.QtCore import QLocale

        return QLocale.system().uiLanguages()
    locale = next((value for name in _LOCALES if (value := environment.get(name))), "C")
    names = [*environment.get("LANGUAGE", "").split(":"), locale]
    return [re.split("[.@]", name)[0].replace("_", "-") for name in names if name]


def tr(text: str, /, **values: object) -> str:
    """The text in the language of the window, with its ``{names}`` filled in.

    >>> tr("{count} faces", count=2)
    '2 faces'
    """
    translated = _catalogue.texts.get(text, text)
    return translated.format(**values) if values else translated


def tr_sentence(text: str) -> str:
    """A finished sentence of the session's in the language of the window; as it is where that has none."""
    return _catalogue.sentence(text)
