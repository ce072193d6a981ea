import { roomsLoaded, sortedRooms } from "../../core/store";
import { t } from "../../i18n";
import { EmptyState } from "../../ui/controls";
import { NewChatActions } from "./actions";

/** The space beside the list while no conversation is open. */
export function NoRoom() {
  const none = roomsLoaded.value && sortedRooms.value.length === 0;
  return (
    <EmptyState glyph="chats" title={none ? t("no-chats-title") : t("pick-title")} text={none ? t("no-chats-text") : t("pick-text")}>
      {none && <NewChatActions />}
    </EmptyState>
  );
}
