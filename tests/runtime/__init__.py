"""The runtime, tested where it stands, one file a module."""
