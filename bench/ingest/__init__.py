"""How fast objects come in by STOW-RS, beside Orthanc and beside the disk alone."""
