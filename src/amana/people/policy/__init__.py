"""What administrators choose for the whole organisation."""
