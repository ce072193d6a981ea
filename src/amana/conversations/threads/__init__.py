"""Answers that stand under a message instead of in the stream: threads, and who follows them."""
