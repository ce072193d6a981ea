error-room-link-not-found = Diesen Link gibt es nicht.
error-link-used-up = Dieser Link ist aufgebraucht. Bitten Sie um einen neuen.
error-link-expired = Dieser Link ist abgelaufen. Bitten Sie um einen neuen.
error-link-revoked = Dieser Link funktioniert nicht mehr. Bitten Sie um einen neuen.
error-link-expiry-invalid = Wählen Sie einen Zeitpunkt in den nächsten { $limit } Tagen.
error-too-many-links = Dieser Raum hat schon { $limit } Links. Widerrufen Sie zuerst einen.
error-join-not-found = Hier gibt es nichts mehr zu beantworten.
