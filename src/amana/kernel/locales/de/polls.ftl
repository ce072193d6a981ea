error-poll-options-invalid = Bitte geben Sie { $least } bis { $limit } verschiedene Antworten mit je höchstens { $length } Zeichen an.
error-poll-time-invalid = Bitte wählen Sie einen Zeitpunkt in den nächsten { $days } Tagen.
error-poll-not-found = Diese Umfrage gibt es nicht.
error-poll-closed = Diese Umfrage ist beendet.
error-poll-choice-invalid = Bitte wählen Sie aus, was die Umfrage anbietet.
error-already-voted = Sie haben schon abgestimmt. Eine anonyme Stimme lässt sich nicht ändern.
error-poll-damaged = Die gespeicherten Stimmen sind beschädigt. Bitte sagen Sie es Ihrer Administration.
error-message-is-fixed = Eine Umfrage lässt sich nicht bearbeiten. Entfernen Sie sie und stellen Sie eine neue ein.
