"""How far a trigger reaches over the parts of a clause: forwards over a list, or backwards.

After ConText (Harkema et al. 2009, J Biomed Inform 42:839): a trigger reaches from its place to the end of its clause
or to a word that ends it, or backwards to the clause's beginning. Added here: a list is left where an item brings its
own grade, number, state or trigger, and after a comma only a list that is closed by "or" or "and", or a bare item,
goes on.
"""

from collections.abc import Sequence

from model.report.clinical_text.frames import LIST_JOINS, Frame, Part

_OWN = ("negation", "negation_after", "hedge_after", "not_assessed")  # triggers that an item of a list may bring


def mark(frames: Sequence[Frame], what: str) -> None:
    """Sets a flag of the frames."""
    for frame in frames:
        setattr(frame, what, True)


def _reach(part: Part, place: int | None, what: str, lasting: frozenset[str]) -> None:
    """Marks the frames behind a trigger but those that only say where: "no thrombus in the dilated atrium".

    Without a place the trigger stands behind them all and means every one.
    A lasting thing behind "of", "around" ... is a place; of another finding it must be told what is denied there, and
    a lesion that is such a place is left open: "no flow through a defect" denies neither nor states it.
    """
    if place is None:
        mark(part.frames, what)
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


def forward(parts: Sequence[Part], cues: tuple[str, ...], what: str, lasting: frozenset[str]) -> None:
    """Marks what follows a trigger of these names: the rest of its part and of the list that it opens."""
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
            mark(parts[number - 1].frames, what)
            open_list = waiting = False
        elif place is not None:
            _reach(part, place if any(frame.at >= place for frame in part.frames) else None, what, lasting)
            open_list = True
        elif (open_list and part.chunk.join == "paren" and part.chunk.lone) or (
            open_list and _goes_on(parts, number, strict=what == "denied")
        ):  # the same in other words
            if _described(parts, number):
                mark(part.frames, "dropped")
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


def backward(parts: Sequence[Part], cue: str, what: str) -> None:
    """Marks what stands before a trigger of this name: its part and the bare items of its list."""
    for number, part in enumerate(parts):
        if part.chunk.first(cue) is None:
            continue
        mark(part.frames, what)
        earlier = number
        while earlier and parts[earlier].chunk.join in LIST_JOINS and parts[earlier - 1].chunk.bare:
            earlier -= 1
            mark(parts[earlier].frames, what)
        beside = part.chunk.join in {*LIST_JOINS, "dash", "after", "with", "colon", "paren"}
        if not part.frames and beside and number and earlier == number:
            mark(parts[number - 1].frames, what)
