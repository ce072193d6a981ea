import { openWindow } from "./actions";
import { InviteDialog } from "./invite";
import { NewDirectDialog, NewGroupDialog } from "./new-chat";

/** The window that is open above the page, if any. */
export function Windows() {
  const open = openWindow.value;
  const close = () => {
    openWindow.value = null;
  };
  if (!open) return null;
  if (open.what === "group") return <NewGroupDialog onClose={close} />;
  if (open.what !== "invite") return <NewDirectDialog onClose={close} />;
  return <InviteDialog room={open.room} onClose={close} />;
}
