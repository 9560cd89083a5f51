"""Report text → sentences. Clinical text breaks general splitters: "5.2 cm", "Dr. X", "approx. 4 mm", wrapped lines."""

import re

_ABBREVIATION_WORDS = (
    "approx avg bzw ca cf dr etc fig hr incl inkl max med min mr mrs ms mod nr pat prof pt resp st vgl vs"
    " z.b e.g i.e d.h u.a o.g s.o inf sup asc desc syst diast li re bds evtl z.n v.a konz exz unauff funkt hypertr"
    " insuff eingeschr grad paravalv sev signif red mittelgr hochgr geringgr leichtgr regurg sten patholog hämodyn bes"
)
_ABBREVIATIONS = frozenset(_ABBREVIATION_WORDS.split())
_LESIONS = frozenset({"MR", "MS"})  # in capitals no title, but a lesion that may end a sentence
_MONTHS = r"(?:Jan|Feb|M[aä]r|Apr|Ma[iy]|Jun|Jul|Aug|Sep|O[ck]t|Nov|De[cz])"
# A number with its unit, and a gap that no sentence has: the next column begins.
_COLUMN = re.compile(r"(\d[^\s;:]*(?:\s[a-zA-Z%²/]{1,6})?)(?:[ \u00a0]{3,}|[ ]*\t\s*)(?=[^\W\d_])")
_END = re.compile(r"[.!?]+[\"')\]]*(?=\s)")
_BULLET = re.compile(r"^\s*(?:[-*•·–]|\d{1,2}[.)])\s+")
_LAST_WORD = re.compile(r"([^\s(\[\"']+)$")


def split_sentences(text: str) -> list[str]:
    """The sentences of a section's text, single-spaced, without bullets.

    A line that goes on in lower case belongs to the one before it; any other line begins a sentence.
    """
    sentences = []
    for line in _unwrapped(text):
        start = 0
        for end in _END.finditer(line):
            if _ends_sentence(line, end.start(), end.end()):
                sentences.append(line[start : end.end()])
                start = end.end()
        sentences.append(line[start:])
    return [clean for sentence in sentences if any(map(str.isalnum, clean := _tidy(sentence)))]


def _unwrapped(text: str) -> list[str]:
    lines: list[str] = []
    for line in _COLUMN.sub("\\1.\n", text.replace("\r", "\n")).split("\n"):
        bullet = _BULLET.match(line)
        content = line[bullet.end() :] if bullet else line
        goes_on = content.strip()[:1].islower() and not bullet
        if lines and goes_on and lines[-1].strip() and lines[-1].rstrip()[-1:] not in ".!?:":
            lines[-1] = f"{lines[-1].rstrip()} {content.strip()}"
        else:
            lines.append(content)
    return lines


def _ends_sentence(line: str, mark: int, end: int) -> bool:
    if line[mark] != ".":
        return True
    rest = line[end:].lstrip()
    before = _LAST_WORD.search(line[:mark])
    word = before[1] if before else ""
    if word in _LESIONS:
        return True
    if word.casefold().rstrip(".") in _ABBREVIATIONS or (len(word) == 1 and word.isalpha()):
        return False
    if word.isdigit() and len(word) <= 2 and re.match(_MONTHS, rest):  # "am 5. März"
        return False
    return not rest[:1].islower()


def _tidy(sentence: str) -> str:
    return " ".join(sentence.split()).rstrip(";").strip()
