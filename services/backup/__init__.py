"""A hub's index and objects as a folder that a hub can be made of again."""
