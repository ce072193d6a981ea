# Das Protokoll: Absagen, die jedem begegnen können, der schreibt.
error-client-id-invalid = Das Programm hat dies in einer Form gesendet, die der Server nicht kennt. Bitte laden Sie es neu.
error-client-id-from-future = Die Uhr dieses Geräts geht vor. Bitte stellen Sie sie richtig und senden Sie noch einmal.
error-client-id-too-old = Dies wurde vor mehr als { $days } Tagen geschrieben. Bitte schreiben Sie es neu, wenn es noch hinausgehen soll.
error-client-id-reused = Unter derselben Nummer wurde schon etwas anderes gesendet. Bitte senden Sie es als neue Nachricht.
error-unknown-conversation = Diesen Chat gibt es nicht, oder Sie können ihn nicht sehen.
error-event-rejected = Der Server konnte diese Nachricht nicht speichern.
error-outcome-unknown = Die Verbindung ist beim Speichern abgebrochen. Es wird noch einmal versucht.
