# The log: refusals that anybody who writes can meet.
error-client-id-invalid = The program sent this in a form that the server does not know. Please reload it.
error-client-id-from-future = The clock of this device is ahead. Please set it right and send again.
error-client-id-too-old = This was written more than { $days } days ago. Please write it again if it should still go out.
error-client-id-reused = Something else was already sent under the same number. Please send it again as a new message.
error-unknown-conversation = There is no such chat, or you cannot see it.
error-event-rejected = The server could not store this message.
error-outcome-unknown = The connection was lost while saving. It will be tried again.
