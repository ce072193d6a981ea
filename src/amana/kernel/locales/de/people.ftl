error-name-invalid =
    { $reason ->
        [empty] Bitte geben Sie einen Namen ein.
        [length] Dieser Name ist zu lang: höchstens { $max_characters } Zeichen.
       *[other] Dieser Name enthält Zeichen, die sich nicht sicher anzeigen lassen.
     }
error-password-too-short = Das Passwort braucht mindestens { $min_characters } Zeichen. Ein kurzer Satz ist ein gutes Passwort.
error-password-too-long = Das Passwort darf höchstens { $max_characters } Zeichen haben.
error-password-too-common = Dieses Passwort wird als eines der ersten erraten. Bitte wählen Sie ein anderes.
error-sign-in-method-missing = Bitte wählen Sie einen Passkey oder ein Passwort, damit Sie sich wieder anmelden können.
error-passkey-refused = Der Passkey konnte nicht bestätigt werden. Bitte versuchen Sie es noch einmal.
error-passkey-known = Dieser Passkey ist bereits registriert, oder Sie haben die Höchstzahl an Passkeys.
error-passkey-not-found = Diesen Passkey gibt es nicht, oder er wurde bereits entfernt.
error-last-sign-in-method = Nur damit können Sie sich noch anmelden. Fügen Sie zuerst einen weiteren Passkey oder ein Passwort hinzu.
error-confirmation-required = Bitte melden Sie sich zuerst noch einmal an: Das ist nur direkt nach der Anmeldung oder mit Ihrem Passwort möglich.
error-sign-in-failed = Die Anmeldung hat nicht geklappt. Bitte prüfen Sie Namen und Passwort oder nutzen Sie Ihren Passkey.
error-sign-in-throttled = Zu viele Versuche. Bitte versuchen Sie es in { $retry_after_s } Sekunden wieder.
error-sign-in-busy = Gerade melden sich viele an. Bitte versuchen Sie es gleich noch einmal.
error-not-set-up = Diese Installation ist noch nicht eingerichtet.
error-setup-unknown = Dieser Einrichtungslink gilt nicht. Der Server zeigt bei jedem Start einen neuen.
error-setup-used = Diese Installation ist bereits eingerichtet. Bitten Sie die Eigentümerin oder den Eigentümer um eine Einladung.
error-setup-expired = Dieser Einrichtungslink ist abgelaufen. Starten Sie den Server neu, um einen neuen zu erhalten.
error-invitation-unknown = Diese Einladung gibt es nicht. Bitte prüfen Sie, ob der Link vollständig ist.
error-invitation-used-up = Diese Einladung wurde bereits verwendet. Bitten Sie um eine neue.
error-invitation-expired = Diese Einladung ist abgelaufen. Bitten Sie um eine neue.
error-invitation-revoked = Diese Einladung wurde zurückgezogen. Fragen Sie die Person, von der Sie sie haben.
error-role-too-high = Sie können nur Rollen unterhalb Ihrer eigenen vergeben.
error-last-owner = Die Organisation braucht mindestens eine Eigentümerin oder einen Eigentümer. Bestimmen Sie zuerst jemand anderen.
error-not-permitted = Das dürfen Sie nicht tun. Die Administration kann es.
error-session-not-found = Dieses Gerät gibt es nicht, oder es ist bereits abgemeldet.
error-api-token-not-found = Dieses Token gibt es nicht, oder es ist bereits beendet.
error-too-many-api-tokens = Sie haben { $limit } Tokens, mehr sind nicht möglich. Beenden Sie zuerst eines.
error-scope-too-wide = Dieses Token kann nicht mehr erlauben, als es selbst darf: { $scopes }
