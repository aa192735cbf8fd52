"""fada-read in Termux: an installer, and the recipe of a package."""
