error-invalid = Diese Anfrage stimmt nicht, und eine Wiederholung hilft nicht.
error-gone = Das ist verbraucht, abgelaufen oder wurde zurückgezogen.
error-conflict = Das geht beim jetzigen Stand nicht.
error-too-large = Das ist größer als erlaubt.
