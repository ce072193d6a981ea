"""What members see of how far their messages have come: sent, delivered, read."""
