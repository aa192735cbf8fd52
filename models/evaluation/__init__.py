"""How good a release is: observations of a folder, and one module for each kind of figure."""
