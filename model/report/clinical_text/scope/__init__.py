"""What reaches how far over the parts of a clause: denial, doubt, time."""
