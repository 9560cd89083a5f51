"""How many patients must share what is offered to others."""

PATIENTS_OF_A_PHRASE = 5  # k-anonymity with the k that is common for released health data (El Emam, Dankar 2008)
