error-poll-options-invalid = Palun lisage { $least } kuni { $limit } erinevat valikut, igaüks kuni { $length } tähemärki.
error-poll-time-invalid = Palun valige aeg järgmise { $days } päeva sees.
error-poll-not-found = Sellist küsitlust ei ole.
error-poll-closed = See küsitlus on lõppenud.
error-poll-choice-invalid = Palun valige küsitluses pakutu hulgast.
error-already-voted = Te olete juba hääletanud. Anonüümset häält ei saa muuta.
error-poll-damaged = Salvestatud hääled on kahjustatud. Palun öelge sellest oma administraatorile.
error-message-is-fixed = Küsitlust ei saa muuta. Eemaldage see ja postitage uus.
