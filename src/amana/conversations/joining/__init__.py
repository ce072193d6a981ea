"""Coming into a room without being added: by link, by asking, by accepting an offer."""
