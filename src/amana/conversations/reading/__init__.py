"""How far each member has read."""
