"""Whether a pipeline can serve what a request chose; asked before any clip is read."""

from collections.abc import Sequence

from index.manifest import BankManifest
from service.answer.text.report_language import ReportLanguages
from service.errors import InvalidNeighbours, ModeUnavailable
from service.run_options import RunOptions
from service.schemas import Mode

_MOST_NEIGHBOURS = 1000


def check_options(
    options: RunOptions, modes: Sequence[Mode], languages: ReportLanguages, bundle: str, bank: BankManifest
) -> None:
    """Raises ModeUnavailable, UnknownLanguage, InvalidField or InvalidNeighbours for what cannot be served.

    modes: those that bundle and bank allow, the default first. bundle: its name.
    """
    languages.asked(options.lang)
    if options.mode == "retrieval" and "retrieval" not in modes:
        raise ModeUnavailable(
            "mode: 'retrieval' quotes other patients' reports, and the bank states text_may_be_shown false "
            f"({bank.name!r}); ask for one of: {', '.join(modes)}",
            field="mode",
        )
    if options.mode is not None and options.mode not in modes:
        raise ModeUnavailable(
            f"mode: {options.mode!r} needs a trained decoder and bundle {bundle!r} has none; "
            "train one with `echoscribe train decoder --bundle B --bank K --out B2`, or ask for mode 'retrieval'",
            field="mode",
        )
    options.check_samples(options.mode or modes[0])
    limit = min(bank.candidates, _MOST_NEIGHBOURS)
    if not 1 <= options.neighbours <= limit:
        raise InvalidNeighbours(f"k: must lie in 1..{limit}, not {options.neighbours}", field="k", limit=limit)
