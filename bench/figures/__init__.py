"""All measurements in one file and on one page: ``make bench``."""
