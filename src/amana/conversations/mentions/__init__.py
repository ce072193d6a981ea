"""Who is named in a message, who hears of it, and what each person has not seen yet."""
