error-mention-invalid = A name does not stand in the text.
error-too-many-mentions = Name at most { $limit } people in one message.
error-mention-not-member = { $count ->
    [one] One person you name is not in this conversation.
   *[other] { $count } people you name are not in this conversation.
  }
error-mention-count-changed = { $count ->
    [one] This tells one person. Please confirm.
   *[other] This tells { $count } people. Please confirm.
  }
error-mention-all-restricted = Only the owner and deputies can call everybody here.
error-mention-all-misplaced = Everybody can be called only with a new message in the conversation itself.
error-threads-off = This conversation has no threads. Please answer with a quote.
error-thread-invalid = There is no message here that a thread could stand under.
error-cursor-invalid = This list cannot go on from there. Please load it again.
