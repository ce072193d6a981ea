"""What somebody began to write, the same on all their devices."""
