import { signal } from "@preact/signals";
import { t } from "../../i18n";
import { Button } from "../../ui/controls";

export type Open = { readonly what: "group" | "direct" } | { readonly what: "invite"; readonly room: string | null } | null;

/** Which window is open above the page. */
export const openWindow = signal<Open>(null);

export function NewChatActions() {
  return (
    <div class="row wrap">
      <Button kind="primary" icon="plus" onClick={() => (openWindow.value = { what: "group" })} data-testid="empty-new-group">
        {t("new-group")}
      </Button>
      <Button icon="invite" onClick={() => (openWindow.value = { what: "invite", room: null })} data-testid="empty-invite">
        {t("invite")}
      </Button>
    </div>
  );
}
