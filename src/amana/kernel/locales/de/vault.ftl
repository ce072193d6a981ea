error-key-unavailable = Der Schlüssel dieser Unterhaltung fehlt oder ist beschädigt. Bitte wenden Sie sich an Ihre Administration.
