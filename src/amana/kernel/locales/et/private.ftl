error-section-not-found = Sellist kausta ei ole.
error-section-name-required = Andke kaustale nimi.
error-section-order-invalid = Teie kaustad on teises seadmes muutunud. Palun laadige need uuesti.
error-too-many-sections = Teil on juba { $limit } kausta. Eemaldage enne mõni.
error-too-many-stars = Teil on juba { $limit } tärniga sõnumit. Eemaldage enne mõned tärnid.
error-too-many-pinned = Üleval on juba { $limit } vestlust. Võtke enne mõni maha.
error-too-many-reminders = Teil on juba { $limit } meeldetuletust. Lõpetage enne mõned neist.
error-reminder-not-found = Sellist meeldetuletust ei ole.
