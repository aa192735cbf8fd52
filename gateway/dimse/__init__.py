"""DICOM's own network protocol: ultrasound machines store objects by C-STORE."""
