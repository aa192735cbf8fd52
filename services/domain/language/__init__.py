"""The languages of text for people: catalogues, plural forms, the model's sentences."""
