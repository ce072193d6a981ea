error-edit-window-over = Nach den Regeln dieses Raums können Sie diese Nachricht nicht mehr bearbeiten.
error-removal-restricted = { $rule ->
    [owners] In diesem Raum entfernen nur die Verantwortlichen Nachrichten.
   *[other] In diesem Raum entfernen alle nur ihre eigenen Nachrichten.
 }
error-emoji-invalid = Bitte wählen Sie ein Emoji.
error-too-many-reactions = Eine Nachricht hat höchstens { $limit } verschiedene Emojis. Bitte wählen Sie eines, das schon da ist.
error-reaction-not-found = Diese Reaktion gibt es nicht.
error-pinning-restricted = Nur wer diesen Raum betreut, kann Nachrichten anheften.
error-too-many-pins = Höchstens { $limit } Nachrichten können angeheftet sein. Bitte lösen Sie zuerst eine.
error-forwarding-off = Nachrichten aus diesem Raum dürfen nicht weitergeleitet werden.
error-forwarding-impossible = Diese Nachricht lässt sich nicht weiterleiten.
error-too-many-targets = Bitte leiten Sie an höchstens { $limit } Chats auf einmal weiter.
error-forwarded-is-fixed = Eine weitergeleitete Nachricht lässt sich nicht bearbeiten.
