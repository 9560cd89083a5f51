"""The two fonts of a PDF, which lie in ReportLab's own wheel (Bitstream Vera), and the letters that they lack."""

from functools import cache
from typing import Any, Final

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

TEXT: Final = "EchoScribeText"
BOLD: Final = "EchoScribeBold"
MARK: Final = "?"  # for a letter that the font lacks
_FILES: Final = {TEXT: "Vera.ttf", BOLD: "VeraBd.ttf"}


@cache
def register_fonts() -> None:
    """Makes the fonts known; parts of them go into each file, so that it reads alike everywhere."""
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, file))


def shown(text: str) -> str:
    """The text with a mark for each letter that the fonts lack; what cannot be seen is left out."""
    register_fonts()
    glyphs: Any = pdfmetrics.getFont(TEXT).face.charToGlyph
    spaced = " ".join(text.split())
    return "".join(letter if ord(letter) in glyphs else MARK for letter in spaced if letter.isprintable())


def lacks_letters(text: str) -> bool:
    """Whether a letter of the text would be shown as a mark."""
    register_fonts()
    glyphs: Any = pdfmetrics.getFont(TEXT).face.charToGlyph
    return any(letter.isprintable() and ord(letter) not in glyphs for letter in " ".join(text.split()))
