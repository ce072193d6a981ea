"""Who is in a conversation, who was, and what each of them may see."""
