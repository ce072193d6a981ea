error-frame-invalid = The program sent something that the server does not understand. Please reload it.
error-too-many-frames = Too much at once. It goes on in a moment.
error-server-stopping = The server is restarting. It goes on in a moment.
