"""What runs left behind in outputs/records/: the truth that everything else is made from."""
