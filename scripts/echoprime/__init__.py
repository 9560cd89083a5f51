"""The parts of importing a release of EchoPrime: its layout, its pickles, its phrases and labels."""
