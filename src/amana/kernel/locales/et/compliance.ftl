error-erasure-not-found = Selle isiku kustutamist ei ole taotletud.
