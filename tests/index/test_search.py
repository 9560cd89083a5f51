from index.search import FLAT_LIMIT, choose_search


def test_the_search_is_chosen_by_size() -> None:
    assert choose_search(FLAT_LIMIT) == {"kind": "faiss", "index": "flat"}
    assert choose_search(FLAT_LIMIT + 1) == {"kind": "exact"}
