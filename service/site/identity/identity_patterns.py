"""What identifies somebody by its form: dates, ages, ids, telephone numbers, addresses, names after a title.

The kinds are those of the HIPAA safe harbour, 45 CFR 164.514(b)(2)(i), that text can hold.
"""

import re

_MONTH = (
    r"(?:jan(?:uary|uar)?|jänner|feb(?:ruary|ruar)?|mar(?:ch)?|märz?|apr(?:il)?|may|mai|june?|juni?|july?|juli|"
    r"aug(?:ust)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)(?![^\W\d_])\.?"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|\.)?"
_YEAR = r"(?:(?:19|20)\d{2}|'?\d{2})"
_UNIT = r"(?:cm|mm|ml|m/s|cm/s|mmhg|msec|ms|bpm|%|dyn|beats|frames)"
# Units that are written without a space: "190ms", "14x11mm", "150W". Such a word is a measurement, never a code.
_GLUED_UNIT = (
    r"(?:mm|cm|dm|m|µm|nm|ml|dl|l|cc|msec|sec|s|ms|min|h|hr|hrs|d|hz|khz|mhz|fps|bpm|g|kg|mg|mcg|µg|ug|w|watt|watts|j|mmhg|"
    r"cmh2o|hpa|kpa|dyn|dynes|mv|v|ma|f|fr|french|iu|ie|beats|frames|kb|er|th|yo|y)(?:[23²³]|/\w+)?"
)

# Dates and ages go and the sentence stays: what it says of the heart does not depend on them.
SOFT = {
    "date": re.compile(
        rf"\b{_DAY}[ /.-]*(?:of )?{_MONTH},?[ /.-]*(?:{_YEAR}\b)?"
        rf"|\b{_MONTH}[ /.-]*{_DAY}\b,?(?:[ /.-]*(?:19|20)\d{{2}}\b)?"
        rf"|\b{_MONTH}(?: of)?[ /.,'-]*(?:{_YEAR})\b"
        r"|\b(?:on|vom|am|seit|bis)\s+\d{1,2}\.\s?\d{1,2}\.(?!\d)"
        r"|\b(?:19|20)\d{2}[-/. ](?:0?[1-9]|1[0-2])[-/. ](?:0?[1-9]|[12]\d|3[01])\b(?:[T ]\d{1,2}:\d{2}(?::\d{2})?)?"
        r"|\b\d{1,2}\s?[-/.]\s?\d{1,2}\s?[-/.]\s?(?:(?:19|20)\d{2}|\d{2})\b(?!\.?\d)"
        r"|\b(?:0?[1-9]|1[0-2])[/.](?:19|20)\d{2}\b"
        r"|\b(?:on|since|dated|of|from|vom|am|seit|study|echo|exam)\s+\d{1,2}/\d{1,2}\b(?!\s*/)"
        r"|(?<![\d.,/])(?:19|20)\d{6}(?!\d)"
        rf"|(?<![\d.,/])(?:19[0-9]{{2}}|20[0-4][0-9])(?![\d.,]\d|\d|\s?{_UNIT})"
        r"|\b(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:\s?[ap]\.?m\b\.?)?"
        r"|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b",
        re.IGNORECASE,
    ),
    "age": re.compile(
        r"\b(?:9\d|1[01]\d)[\s-]*(?:-?\s*years?\b|yrs?\b|y/?\s?o\b|-?\s*jährig\w*|jahre?\b)(?:[\s-]*old)?"
        r"|\b(?:nonagenarian|centenarian|ninety)(?:[ -]\w+)?\b"
        r"|\b(?:aged?|alter)\s*:?\s*(?:of\s+)?(?:9\d|1[01]\d)\b",
        re.IGNORECASE,
    ),
}

# "MR" and "MS" are mitral lesions before they are titles: the word after them is judged.
_TITLE = (
    r"(?:[Dd]rs?\b\.?|DRS?\.|[Pp]rof\b\.?|PROF\b\.?|Mrs?\b\.?|mrs\b\.?|MRS\b\.?|Ms\b\.?|"
    r"(?i:doctor|professor|miss|herrn?|frau|nurse|dipl|priv\.?-doz)\b\.?)"
)
_TELLS = (
    r"(?:discussed|reviewed|signed|dictated|referred|interpreted|informed|called|notified|transcribed|approved|"
    r"verified|supervised|requested|ordered|communicated|phoned|paged|reported|read|scanned|authenticated|"
    r"besprochen|unterschrieben|zugewiesen|untersucht|befundet)"
)
# Who did or wrote something, before a name: "sonographer Lastname". The word after it is judged, not the role.
AFTER_ROLES = re.compile(
    r"\b(?:sonographer|technologist|technician|tech|reader|attending|fellow|resident|registrar|consultant|operator|"
    r"cardiologist|surgeon|anaesthetist|anesthesiologist|physician|performed\s+under|per|laut|gp|sister|brother|cousin|"
    r"cousine|onkel|tante|bruder|schwester|pfleger|ober[aä]rzt(?:in)?|oä|oa|pd|chef[aä]rzt(?:in)?|assistenz[aä]rzt(?:in)?|"
    r"ass\.-[aä]rzt(?:in)?|haus[aä]rzt(?:in)?|untersucher(?:in)?|befunder(?:in)?|kolleg(?:e|en|in)|visum|gez|"
    r"best wishes|"
    r"regards|sincerely|grüßen|grüssen|gruß)\b[.:,/ ]{1,3}(?P<after>[^\W\d_]+)",
    re.IGNORECASE,
)
# Where one of these is found the whole sentence goes: it is about people, not about the heart.
HARD = {
    "title": re.compile(rf"(?<![\w-]){_TITLE}\s*(?=[^\W\d_])|,\s*(?:M\.?D|DO|RN|RDCS|PhD|FACC|FASE)\b"),
    "person": re.compile(
        rf"\b{_TELLS}\b(?:\s+\w+)?\s+(?:by|with|to|from|mit|von|an)\b"
        r"|\b(?:patient|pt|pat)(?:'s)?\s*(?:name|is called)\b|\b(?:name|nachname|vorname|attn|dob|geb)\s*[.:]|\bcc\s*:"
        r"|\b(?:wife|husband|daughter|son|mother|father|ehefrau|ehemann|tochter|sohn)\b",
        re.IGNORECASE,
    ),
    "identifier": re.compile(
        r"\b(?:mrn|medical record|patient id|pat\.?-?nr|acc(?:ession)?|case|order|encounter|visit|ssn|insurance|policy|"
        r"account|id|fallnummer|fall-nr|versicherung\w*)\b\s*(?:no|nr|number|num|#)?\.?\s*[:#]?\s*[\w-]*\d[\w-]*"
        r"|\b\d{3}-\d{2}-\d{4}\b"
        r"|\b\d+(?:\.\d+){4,}\b"
        r"|\b(?:serial|serien|sn|s/n|lot|ser)\s*-?(?:no|nr|number|num|nummer|#)?\b\.?\s*[:#]?\s*(?=[\w-]*\d)[\w-]{3,}"
        r"|\b(?:nhs|hospital|fall|pat(?:ient)?(?:en)?|pt|hosp)\.?[ -]*(?:no|nr|number|num|nummer|#)?\.?\s*[:#]?\s*"
        r"(?=[A-Z-]*\d{3})[\w-]+"
        r"|(?<![\w.,])#\s?\d{4,}",
        re.IGNORECASE,
    ),
    "contact": re.compile(
        r"[\w.+-]+@[\w-]+\.\w+|https?://\S+|\bwww\.\S+"
        r"|\b(?:tel|phone|telephone|pager|ext|extension|fax|cell|mobile|telefon|beeper)\b\.?\s*(?:no\.?|nr\.?)?\s*[:#]?\s*\+?\d"
        r"|\(\d{3}\)\s*\d{3}|\b\d{3}[-. ]\d{3}[-. ]\d{4}\b|\+\d{1,3}[ \d()/-]{6,}|\b\d{3}-\d{4}\b"
        r"|\b(?:\d{1,3}\.){3}\d{1,3}\b|\b0\d{1,4}\s?/\s?\d{5,}",
        re.IGNORECASE,
    ),
    "address": re.compile(
        # a number with a comma or a unit after it is a measurement: "1.5 cm square"
        rf"(?<![\d.,])\d{{1,5}}[A-Za-z]?\s+(?!(?i:{_GLUED_UNIT})\b)(?:(?:[A-Z][\w.'-]*\s+){{1,3}}(?i:Street|St|"
        r"Avenue|Ave|Road|Rd|Lane|Ln|Drive|Boulevard|Blvd|Way|Court|Ct|Place|Square|Parkway)|(?:[^\W\d_][\w.'-]*\s+){1,2}"
        r"(?:street|avenue|road|lane|boulevard|parkway))\b"
        r"|(?i:\b\w+(?:straße|strasse|str\.|weg|gasse|allee|platz|ring|damm)\s*\d+[a-z]?\b(?!\s*(?:mm|cm|ml|%|[.,]\d)))"
        r"|(?i:\b(?:room|ward|bed|zimmer|station)\s*(?:no\.?)?\s*\d+\w?\b)",
    ),
}  # fmt: skip
# Looked for once dates are gone, which are digits too; the sentence goes as well.
AFTER_DATES = {
    "number": re.compile(r"(?<![\d.,])\d(?:[ -]?\d){5,}(?![\d.,]\d)|(?<![\d.,])\d{5,}|(?<![\d.,])\d+(?:\.\d+){2,}"),
    "code": re.compile(
        rf"(?<!\w)(?<!\d[.,])(?!\d+(?:[-x×]\d+)*-?{_GLUED_UNIT}(?![\w-]))(?=[\w-]*[A-Za-z])(?=(?:[\w-]*\d){{3}})"
        r"[A-Za-z\d]+(?:[-_][A-Za-z\d]+)*(?![\w])",
        re.IGNORECASE,
    ),
}
