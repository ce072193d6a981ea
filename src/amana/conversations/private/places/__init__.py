"""Where a conversation stands in a person's own list, and how loud it is."""
