"""How far a negation, a doubt, a time or "not seen" reaches over the parts of a clause.

After ConText (Harkema et al. 2009, J Biomed Inform 42:839): a trigger reaches from its place to the end of its clause
or to a word that ends it, or backwards to the clause's beginning. Added here: a list is left where an item brings its
own grade, number, state or trigger, and after a comma only a list that is closed by "or" or "and", or a bare item,
goes on.
"""

from collections.abc import Mapping, Sequence

from model.report.clinical_text.frames import LIST_JOINS, Frame, Part

_OWN = ("negation", "negation_after", "hedge_after", "not_assessed")  # triggers that an item of a list may bring


def apply_scope(parts: Sequence[Part], attends: Mapping[str, str], lasting: frozenset[str]) -> None:
    """Marks the frames of one clause as denied, doubted, prior, unseen or dropped.

    attends: aspect → the aspect that it describes more closely, and falls with ("no concentric hypertrophy").
    lasting: aspects that stay after the day they began: a prior valve replacement is still there.
    """
    _forward(parts, ("negation",), "denied", lasting)
    _forward(parts, ("hedge", "hedge_adverb"), "doubted", lasting)
    _backward(parts, "negation_after", "denied")
    _backward(parts, "hedge_after", "doubted")
    _backward(parts, "not_assessed", "unseen")
    planned = told = False
    for at, part in enumerate(parts):
        if part.chunk.first("doubt") is not None:
            _mark(part.frames, "doubted")
        told = told or part.chunk.first("history") is not None
        if told:
            _mark(part.frames, "prior")
        elif part.chunk.first("prior") is not None:
            _mark([frame for frame in _former(part) if frame.aspect not in lasting], "prior")
        _age(part, parts[at - 1] if at else None)
        planned = _planned(part, planned)
    _drop_attendants(parts, attends)


def _age(part: Part, before: Part | None) -> None:
    """What an earlier study showed is former; what ceased is denied, and that now."""
    place = part.chunk.first("old")
    if place is not None and part.chunk.first("comparison") is None:
        _mark([frame for frame in part.frames if frame.at > place], "prior")
    if before is not None and before.chunk.heading and before.chunk.first("old") is not None:
        _mark(part.frames, "prior")
    if part.chunk.first("ceased") is not None:
        for frame in before.frames if before is not None and part.silent else part.frames:
            frame.denied, frame.prior = True, False


def _former(part: Part) -> list[Frame]:
    """The frames that "prior" speaks of: not what is compared with it ("EF 40 % compared with 60 % a year prior")."""
    compared = part.chunk.first("comparison")
    return [frame for frame in part.frames if compared is None or frame.at > compared]


def _planned(part: Part, planned: bool) -> bool:
    """Drops what is only asked for or planned, and tells whether a plan goes on: a result ends it."""
    plan, result = part.chunk.first("plan"), part.chunk.first("result")
    planned = planned or plan is not None
    ended = result is not None and (plan is None or plan < result)
    if planned:
        _mark([frame for frame in part.frames if result is None or not ended or frame.at < result], "dropped")
    return planned and not ended


def _drop_attendants(parts: Sequence[Part], attends: Mapping[str, str]) -> None:
    """Drops what describes a denied aspect more closely ("concentric, not hypertrophied")."""
    denied = {frame.aspect for part in parts for frame in part.frames if frame.denied}
    for part in parts:
        for frame in part.frames:
            frame.dropped = frame.dropped or attends.get(frame.aspect) in denied


def _mark(frames: Sequence[Frame], what: str) -> None:
    for frame in frames:
        setattr(frame, what, True)


def _reach(part: Part, place: int | None, what: str, lasting: frozenset[str]) -> None:
    """Marks the frames behind a trigger but those that only say where: "no thrombus in the dilated atrium".

    Without a place the trigger stands behind them all and means every one.
    A lasting thing behind "of", "around" ... is a place; of another finding it must be told what is denied there, and
    a lesion that is such a place is left open: "no flow through a defect" denies neither nor states it.
    """
    if place is None:
        _mark(part.frames, what)
        return
    behind = [frame for frame in part.frames if frame.at >= place]
    own = {head.at for head in part.chunk.heads if head.state is not None}
    for frame in behind:
        leads = [at for at in part.chunk.places if place + 1 < at < frame.at]
        if frame.aspect not in lasting:
            leads = [at for at in leads if any(other.at < at for other in behind)]
        if not (part.chunk.led or leads):
            setattr(frame, what, True)
        elif frame.aspect not in lasting and frame.state is None:
            frame.dropped = True
        elif frame.aspect not in lasting and frame.at not in own:
            setattr(frame, what, True)


def _forward(parts: Sequence[Part], cues: tuple[str, ...], what: str, lasting: frozenset[str]) -> None:
    open_list = waiting = False
    for number, part in enumerate(parts):
        place = part.chunk.first(*cues)
        if waiting and part.chunk.join == "with":  # "no findings suggestive of ..."
            place = -1
        if place is not None and _of_cause(part, place):
            waiting, open_list = number + 1 < len(parts) and parts[number + 1].chunk.caused, False
            continue
        waiting = place is not None and not part.frames
        if waiting and number and _answers(part):  # "pericardial effusion: none"
            _mark(parts[number - 1].frames, what)
            open_list = waiting = False
        elif place is not None:
            _reach(part, place if any(frame.at >= place for frame in part.frames) else None, what, lasting)
            open_list = True
        elif (open_list and part.chunk.join == "paren" and part.chunk.lone) or (
            open_list and _goes_on(parts, number, strict=what == "denied")
        ):  # the same in other words
            if _described(parts, number):
                _mark(part.frames, "dropped")
            else:
                _reach(part, -1, what, lasting)
        else:
            open_list = False


def _of_cause(part: Part, place: int) -> bool:
    """Whether the trigger at a place speaks of the cause that follows it: "severe MR, possibly due to prolapse"."""
    last = part.chunk.leads_cause and place == part.chunk.size - 1
    return last and dict(part.chunk.cues)[place] in ("negation", "hedge_adverb")


def _described(parts: Sequence[Part], number: int) -> bool:
    """Whether "with" goes on about the item, so that it may be there itself ("no thrombus, PFO with a shunt")."""
    after = parts[number + 1] if number + 1 < len(parts) else None
    goes_on = after is not None and after.chunk.join == "with" and bool(after.frames)
    return goes_on and parts[number].chunk.join == "comma"


def _answers(part: Part) -> bool:
    """Whether the part is the trigger alone and says it of what stands before."""
    return part.silent and part.chunk.words == 0 and part.chunk.join in ("colon", "dash", "comma", "paren")


def _goes_on(parts: Sequence[Part], number: int, *, strict: bool) -> bool:
    """Whether the part still belongs to the list that the trigger opened. strict: for a denial, not for a doubt."""
    chunk = parts[number].chunk
    own = chunk.grades or chunk.ordinals or chunk.numbers or chunk.first(*_OWN) is not None
    if chunk.join not in LIST_JOINS or own or any(state == "normal" for _, state in chunk.states):
        return False
    if chunk.join == "or" or not strict:
        return chunk.join == "or" or chunk.bare
    closing = {later.chunk.join for later in parts[number + 1 :]}
    told = bool(chunk.states) or any(head.state is not None for head in chunk.heads)
    if told:
        return "or" in closing and (chunk.bare or chunk.join == "comma")
    return chunk.bare if chunk.join == "and" else chunk.lone or bool(closing & {"or", "and"})


def _backward(parts: Sequence[Part], cue: str, what: str) -> None:
    for number, part in enumerate(parts):
        if part.chunk.first(cue) is None:
            continue
        _mark(part.frames, what)
        earlier = number
        while earlier and parts[earlier].chunk.join in LIST_JOINS and parts[earlier - 1].chunk.bare:
            earlier -= 1
            _mark(parts[earlier].frames, what)
        beside = part.chunk.join in {*LIST_JOINS, "dash", "after", "with", "colon", "paren"}
        if not part.frames and beside and number and earlier == number:
            _mark(parts[number - 1].frames, what)
