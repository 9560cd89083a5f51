"""Rules for DICOM files as they come."""
