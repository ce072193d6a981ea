error-key-unavailable = Der Schlüssel dieser Unterhaltung fehlt oder ist beschädigt. Bitte wenden Sie sich an Ihre Administration.
error-root-key-unreachable = Der Schlüsseldienst antwortet gerade nicht. Es wurde nichts geändert. Bitte versuchen Sie es gleich noch einmal.
