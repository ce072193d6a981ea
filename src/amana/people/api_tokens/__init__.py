"""Personal API tokens: a person's own way in for programs, with scopes and an end."""
