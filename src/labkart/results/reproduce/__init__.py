"""An experiment run again from its record, in a checkout and an environment of its own."""
