"""What code and which packages a task class depends on."""
