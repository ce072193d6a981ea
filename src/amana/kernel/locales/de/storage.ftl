error-storage-busy = Der Server ist ausgelastet. Es wurde nichts geändert. Bitte versuchen Sie es gleich noch einmal.
error-storage-full = Die Festplatte des Servers ist fast voll: Lesen geht, Neues wird nicht angenommen. Es wurde nichts geändert. Bitte geben Sie der Person Bescheid, die den Server betreibt.
error-storage-outcome-unknown = Die Verbindung zur Datenbank ist beim Speichern abgebrochen. Bitte versuchen Sie es noch einmal; es wird nichts doppelt gespeichert.
