"""Files are read in processes of their own, which may be ended at any time and cost no more than the file."""
