error-erasure-not-found = Nobody asked to erase this person.
