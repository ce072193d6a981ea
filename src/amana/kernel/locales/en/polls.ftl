error-poll-options-invalid = Give { $least } to { $limit } different choices of at most { $length } characters.
error-poll-time-invalid = Choose a time within the next { $days } days.
error-poll-not-found = There is no such poll.
error-poll-closed = This poll is closed.
error-poll-choice-invalid = Choose from what the poll offers.
error-already-voted = You have voted already. An anonymous vote cannot be changed.
error-poll-damaged = The stored votes are damaged. Please tell your administrator.
error-message-is-fixed = A poll cannot be edited. Remove it and post a new one.
