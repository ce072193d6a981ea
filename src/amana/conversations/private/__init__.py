"""What a person keeps for themselves: drafts, stars, folders, reminders. Nobody else sees any of it."""
