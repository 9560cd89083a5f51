"""Words that stand beside a name: before whoever did something, and after."""

_BEFORE_CAPITALS = "by per to from and for w von durch laut"
_BEFORE_DOER = "by per w durch laut signed login user username dear attn"
_BEFORE_TOLD = "patient patientin pt pat told called informed notified paged asked thanks hi frau herr"
_DEED = (
    "agree agrees agreed disagree disagrees notified informed aware present paged called told reports states denies"
    " said says wrote reviewed signed attended übernimmt bestätigt berichtet informiert hat unterschrieb anwesend"
)
_STATE = "was is has had tolerated felt wurde war ist hatte"

# Before a capital these announce a name rather than another word: "per Carter"
BEFORE_CAPITALS = frozenset(_BEFORE_CAPITALS.split())
# After one of these even an ordinary word in small letters may be a name: "signed turner"
BEFORE_DOER = frozenset(_BEFORE_DOER.split())
# After one of these an unknown word in small letters may be one: "told kowalczyk"
BEFORE_TOLD = frozenset(_BEFORE_TOLD.split())
# What persons do, and hearts do not
DEEDS = frozenset(_DEED.split())
# After "patient" and a word: "patient smith was anxious"
STATES = frozenset(_STATE.split())
