"""What a person types: `main` and one module for each verb. It parses arguments, calls the rooms below and prints."""
