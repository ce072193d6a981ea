"""Old state + events = fresh state."""
