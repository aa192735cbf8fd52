"""What the words mean: studies, reports, biometry, mapping, errors. Standard library only."""
