"""The task that students inherit from: its parameters, id, data files, logging and resources."""
