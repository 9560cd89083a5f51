"""Words of medicine that no list holds, known by their parts: "paraprosthetic", "Mitralklappeninsuffizienz"."""

import re
from functools import cache
from itertools import chain

from service.site.identity.known_words.lists import english_words, field_words, german_words, medical_parts

# Latin and Greek prefixes of anatomy and physiology
_PREFIX = re.compile(
    r"(?:antero|apico|baso|bi|broncho|cardio|dys|echo|electro|endo|epi|haemo|hemo|hepato|hyper|hypo|infero|infra|inter|"
    r"intra|latero|medio|micro|mid|multi|myo|neo|non|over|para|peri|pleuro|poly|post|postero|pre|pseudo|pulmo|re|retro|"
    r"semi|septo|sub|super|supra|tachy|trans|tri|ultra|un|under|uni|ventriculo)"
)
# Endings that only words of medicine have; the last lines are stems of drug names (WHO, INN stem book 2018)
_ENDING = re.compile(
    r"[a-zäöü]{3,}(?:itis|itides|ectomy|ectomies|ektomie|plasty|plasties|plastik|grams?|gramme?|graphy|graphic|graphically|"
    r"gra(?:ph|f)ie|gra(?:ph|f)isch|pathy|pathies|pathie|megaly|megalie|a?emia|ämie|a?emic|ämisch|kines(?:is|ia|ie)|kinetic|"
    r"kinetisch|oscopy|skopie|ostomy|otomy|otomie|plegia|scler(?:osis|otic)|stenosis|stenotic|thrombosis|valvular|valvulär|"
    r"ventricular|ventrikulär|arterial|vascular|vaskulär|cardial|cardiac|kardial|septal|aortic|prosthetic|prosthesis|echoic|"
    r"lucent|densit(?:y|ies)|trop(?:hy|hic|hie|h)|dynamic(?:ally)?|dynamisch|genic|cytic|aneous|ular|"
    r"cycline|cillin|mycin|statin|sartan|olol|dipine?|triptan|prazole?|parin|gliflozin|gliptin|xaban|gatran|zosin|"
    r"rubicin|tinib|zumab|ximab|umab|amide|azepam|barbital|fentanil|caine?)"
)
# Endings of the language behind which a name hardly ever hides; the longer the word, the surer
_COMMON_ENDING = re.compile(
    r"[a-zäöüß]{4,}(?:ations?|izations?|isations?|ibility|ability|ologically|ically|ungen|heiten|keiten|schaften|itäten|ität|"
    r"[td]ionen|tion|sionen|sion|ismus|logie|logisch|metrie|metrisch|iert(?:e[snm]?)?|isch(?:e[snm]?)|lich(?:e[snm]?)|ig(?:e[snm]?)|"
    r"(?:end|elnd|ernd)(?:e[snm]?)|(?:bar|haft|los|sam|ell|iv|är|ös|oid)(?:e[snm])|al(?:e[nm]))"
    r"|[a-zäöüß]{6,}(?:ung|heit|keit|schaft|isch|isch(?:er)|licher|iger|ierter|aler|iver|ender|ose|anz|enz|ivität|ility|eous)"
)
_MOST_LETTERS = 60  # the longest compounds of the field have 45; more is no word and would take long to take apart
_LEAST_REST = 5  # letters after a prefix: "bi" + "shop" is no word of medicine
_LEAST_COMPOUND = 7
_LEAST_PART = 3
_LEAST_GENERAL_PART = 4
_LEAST_LONG_PART, _LEAST_LONG_LAST = 6, 4  # letters
_LINKS = ("", "s", "es", "n", "en", "e", "o", "er", "i")  # between the parts of a German compound
_LEAST_MISSPELT = 7  # letters; shorter names are one letter from some word
_LETTERS = "abcdefghijklmnopqrstuvwxyzäöüß"
_LEAST_STEM = 5  # of a word that is a word of the field but for its ending
_PLURAL = ("es", "n", "en", "e")
_ADJECTIVE = re.compile(
    r"(\w{2,}(?:isch|al|iert|ent|ant|ös|är|ig|iv|os|on|oph|bar|lich|haft|end|el|ad|id|om|ekt|amm|umm|att))(?:e[rnms]?)"
)
_INFLECTIONS = ("", "s", "es", "n", "en", "e", "er", "em", "ens")


@cache
def is_medical(word: str) -> bool:
    """Whether a lower-case word is made of parts of medicine."""
    if len(word) > _MOST_LETTERS:
        return False
    if _ENDING.fullmatch(word) or _COMMON_ENDING.fullmatch(word) or _is_inflected(word):
        return True
    prefix = _PREFIX.match(word)
    if prefix and len(word) - prefix.end() >= _LEAST_REST:
        rest = word[prefix.end() :]
        if rest in field_words() or rest in english_words() or rest in german_words() or is_medical(rest):
            return True
    return len(word) >= _LEAST_COMPOUND and is_compound(word)


def _is_inflected(word: str) -> bool:
    """Whether a word of the field stands here with an ending: "Okkluders", "Apikales"."""
    if len(word) >= _LEAST_STEM and word in medical_parts():
        return True
    stems = {ending: _stem(word, ending) for ending in ("s", *_PLURAL) if word.endswith(ending)}
    if any(len(stem) >= _LEAST_STEM and stem in medical_parts() for stem in stems.values()):
        return True
    if len(stems.get("s", "")) >= _LEAST_STEM and stems["s"] in field_words():
        return True
    adjective = _ADJECTIVE.fullmatch(word)
    if adjective is None:
        return False
    stem = adjective[1]
    return any(stem in words for words in (field_words(), medical_parts(), german_words()))


@cache
def is_misspelt(word: str) -> bool:
    """Whether a long lower-case word is one slip from a word of the field: a letter left out, added, changed."""
    if not _LEAST_MISSPELT <= len(word) <= _MOST_LETTERS:
        return False
    halves = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    slips = chain(
        (left + right[1:] for left, right in halves if right),
        (left + right[1] + right[0] + right[2:] for left, right in halves if len(right) > 1),
        (left + letter + right for left, right in halves for letter in _LETTERS),
        (left + letter + right[1:] for left, right in halves if right for letter in _LETTERS),
    )
    return any(slip in field_words() or slip in medical_parts() for slip in slips)


@cache
def is_compound(word: str) -> bool:
    """Whether a lower-case German word is made of parts, the last of which may be inflected.

    One at least is of medicine, the others may be any noun. Two long nouns do as well ("Konvergenzzone"): surnames are
    made of short ones ("Rosenberg").
    """
    return _splits(word, first=True, medical=False) or _is_of_two_nouns(word)


def _is_of_two_nouns(word: str) -> bool:
    return any(
        word[:end] in german_words() and word.startswith(link, end) and _is_long_noun(word[end + len(link) :])
        for end in range(_LEAST_LONG_PART, len(word) - _LEAST_LONG_LAST + 1)
        for link in ("", "s", "n")
    )


def _is_long_noun(rest: str) -> bool:
    stems = [_stem(rest, ending) for ending in _INFLECTIONS if rest.endswith(ending)]
    return len(rest) >= _LEAST_LONG_LAST and any(
        len(stem) >= _LEAST_LONG_LAST - 1 and stem in german_words() for stem in stems
    )


@cache
def _parts() -> frozenset[str]:
    """Parts of compounds, and words of the field that are long enough to be seen in one."""
    return medical_parts() | {word for word in field_words() if len(word) > _LEAST_REST}


@cache
def _splits(word: str, *, first: bool, medical: bool) -> bool:
    """Whether a word is made of parts, of which one at least is of medicine; another may be any German noun."""
    parts = _parts()
    if not first:
        stems = [_stem(word, ending) for ending in _INFLECTIONS if word.endswith(ending)]
        if any(stem in parts or (medical and _is_general_part(stem)) for stem in stems):
            return True
    for end in range(_LEAST_PART, len(word) - _LEAST_PART + 1):
        known = word[:end] in parts
        if not known and not _is_general_part(word[:end]):
            continue
        for link in _LINKS:
            rest = word[end + len(link) :]
            if word.startswith(link, end) and _splits(rest, first=False, medical=medical or known):
                return True
    return False


def _is_general_part(word: str) -> bool:
    return len(word) >= _LEAST_GENERAL_PART and word in german_words()


def _stem(word: str, ending: str) -> str:
    return word[: len(word) - len(ending)] if ending else word
