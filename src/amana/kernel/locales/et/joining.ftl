error-room-link-not-found = Sellist linki ei ole.
error-link-used-up = See link on ära kasutatud. Palun küsige uus.
error-link-expired = See link on aegunud. Palun küsige uus.
error-link-revoked = See link enam ei tööta. Palun küsige uus.
error-link-expiry-invalid = Valige aeg järgmise { $limit } päeva seest.
error-too-many-links = Sellel ruumil on juba { $limit } linki. Tühistage enne mõni neist.
error-join-not-found = Siin ei ole enam millelegi vastata.
