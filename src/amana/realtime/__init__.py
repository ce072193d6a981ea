"""The gateway: scopes, cursors and frames on WebSockets. It knows no business."""
