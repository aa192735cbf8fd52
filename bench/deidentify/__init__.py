"""How much planted text the de-identified copies mask."""
