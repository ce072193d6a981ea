error-room-link-not-found = There is no such link.
error-link-used-up = This link has been used up. Please ask for a new one.
error-link-expired = This link has expired. Please ask for a new one.
error-link-revoked = This link does not work any more. Please ask for a new one.
error-link-expiry-invalid = Choose a time in the next { $limit } days.
error-too-many-links = This room has { $limit } links already. Revoke one first.
error-join-not-found = There is nothing to answer any more.
