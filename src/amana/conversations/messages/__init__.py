"""What is said: text, edits, removals, and the pages that show them."""
