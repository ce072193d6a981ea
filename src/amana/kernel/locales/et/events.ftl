# Logi: keeldumised, mida võib kohata igaüks, kes kirjutab.
error-client-id-invalid = Programm saatis selle kujul, mida server ei tunne. Palun laadige programm uuesti.
error-client-id-from-future = Selle seadme kell on ees. Palun pange kell õigeks ja saatke uuesti.
error-client-id-too-old = See on kirjutatud rohkem kui { $days } päeva tagasi. Kui see peaks siiski välja minema, kirjutage see palun uuesti.
error-client-id-reused = Sama numbri all on juba midagi muud saadetud. Palun saatke see uue sõnumina.
error-unknown-conversation = Sellist vestlust ei ole või Te ei näe seda.
error-event-rejected = Server ei saanud seda sõnumit salvestada.
error-outcome-unknown = Ühendus katkes salvestamise ajal. Proovitakse uuesti.
