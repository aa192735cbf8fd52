"""All that knows DICOM's bytes: parse (bounded), frames, create, SEG, SR, SC, de-identify, DIMSE."""
