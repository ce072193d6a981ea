"""Messages that somebody wants to find again."""
