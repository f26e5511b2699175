"""Your own code: the tasks, and the pipeline that connects them."""
