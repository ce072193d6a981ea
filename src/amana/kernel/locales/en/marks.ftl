error-edit-window-over = The rules of this room no longer let you edit this message.
error-removal-restricted = { $rule ->
    [owners] In this room only its owners remove messages.
   *[other] In this room everybody removes only their own messages.
 }
error-emoji-invalid = Choose one emoji.
error-too-many-reactions = A message has at most { $limit } different emojis. Choose one of those that are there.
error-reaction-not-found = There is no such reaction.
error-pinning-restricted = Only those who look after this room pin messages.
error-too-many-pins = At most { $limit } messages can be pinned. Unpin one first.
error-forwarding-off = Messages of this room may not be forwarded.
error-forwarding-impossible = This message cannot be forwarded.
error-too-many-targets = Forward to at most { $limit } chats at once.
error-forwarded-is-fixed = A forwarded message cannot be edited.
