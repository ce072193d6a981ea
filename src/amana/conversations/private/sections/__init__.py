"""A person's own folders for conversations."""
