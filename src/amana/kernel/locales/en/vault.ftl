error-key-unavailable = The key of this conversation is missing or damaged. Please tell your administrator.
error-root-key-unreachable = The key service does not answer just now. Nothing was changed. Please try again in a moment.
