"""Conversations: what they are, who is in them, what is said, and how far it was read."""
