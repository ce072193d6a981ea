"""The end of a room: closed by its owner, archived by the organisation, or ended by its date."""
