"""DICOM: bounded parsing and frames (``parser``), objects of our own (``objects``), DIMSE (``network``)."""
