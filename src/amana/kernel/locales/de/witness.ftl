# Die Seite von `amana witness`, für alle, die ihre Adresse öffnen.
witness-page-title = Ein Zeuge
witness-page-what = Diese Adresse gehört einem Zeugen. Er unterschreibt das Protokoll eines Amana-Servers, und zwar nur, solange dieses Protokoll bloß wächst: Was darin stand, steht weiterhin darin, unverändert und in derselben Reihenfolge.
witness-page-not = Er liest keine Nachrichten und kennt niemanden. Ihn erreicht nur, wie viele Einträge das Protokoll hat, und ein Fingerabdruck davon.
witness-page-key = Sein öffentlicher Schlüssel, für die Richtlinie des Servers und für alle, die eine Unterschrift prüfen:
error-policy-wrong = Die Richtlinie ist so nicht verwendbar: Sehen Sie sich Zeile { $line } an.
