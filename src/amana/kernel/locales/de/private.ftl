error-section-not-found = Diesen Ordner gibt es nicht.
error-section-name-required = Geben Sie dem Ordner einen Namen.
error-section-order-invalid = Ihre Ordner haben sich auf einem anderen Gerät geändert. Bitte laden Sie sie neu.
error-too-many-sections = Sie haben schon { $limit } Ordner. Entfernen Sie zuerst einen.
error-too-many-stars = Sie haben schon { $limit } Nachrichten mit Stern. Entfernen Sie zuerst einige Sterne.
error-too-many-pinned = Es stehen schon { $limit } Unterhaltungen oben. Lösen Sie zuerst eine.
error-too-many-reminders = Sie haben schon { $limit } Erinnerungen. Beenden Sie zuerst einige.
error-reminder-not-found = Diese Erinnerung gibt es nicht.
