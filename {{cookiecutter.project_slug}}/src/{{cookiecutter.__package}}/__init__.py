"""Your own code: the tasks, and the pipeline that wires them."""
