error-storage-busy = The server is busy. Nothing was changed. Please try again in a moment.
error-storage-full = The server's disk is nearly full: reading works, but nothing new is taken. Nothing was changed. Please tell the person who runs the server.
error-storage-outcome-unknown = The connection to the database broke off while saving. Please try again; nothing will be stored twice.
