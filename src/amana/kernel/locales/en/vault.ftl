error-key-unavailable = The key of this conversation is missing or damaged. Please tell your administrator.
