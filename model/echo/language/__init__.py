"""The language of echo reports as data: lexicons, findings and label definitions, and the reader made of them."""
