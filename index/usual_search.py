"""What a study asks of a bank unless a request or the settings say otherwise."""

NEIGHBOURS = 50  # k: EchoPrime's predict_metrics votes over the 50 nearest
DEPTH = 200  # design section 2: one search of this depth serves the vote and the context


def usual_neighbours(candidates: int) -> int:
    """How many vote in a bank of so many candidates."""
    return min(NEIGHBOURS, candidates)
