"""How long sites wait for each other, and what it costs to ask whose turn it is."""
