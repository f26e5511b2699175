"""The rules of a project, one small class each, and what `labkart check` says of them."""
