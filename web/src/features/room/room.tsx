import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { myId, rooms } from "../../core/store";
import { refresh } from "../../core/list";
import { act, enterRoom, leaveRoom } from "../../core/sync";
import { roomFace } from "../../core/titles";
import type { Id, Summary } from "../../core/types";
import { t } from "../../i18n";
import { go } from "../../router";
import { Avatar, Button, EmptyState, IconButton } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { Menu, type MenuItem } from "../../ui/menu";
import { toast } from "../../ui/toast";
import { Composer } from "./composer";
import { Details } from "./details";
import { Timeline } from "./timeline";
import { details, doing, menuFor, removing } from "./view";

/** One conversation: who can read, what was said, where to write. */
export function Room({ id, bar }: { id: Id; bar: ComponentChildren }) {
  const room = rooms.value.get(id);
  const known = room !== undefined;
  useEffect(() => {
    if (!known) {
      // A link may lead to one that the list has not come to yet.
      refresh(id);
      return undefined;
    }
    enterRoom(id);
    return () => {
      leaveRoom(id);
      menuFor.value = null;
      removing.value = null;
    };
  }, [id, known]);
  if (!room) {
    return (
      <main class="pane room-pane">
        <EmptyState glyph="search" title={t("room-gone-title")} text={t("room-gone-text")}>
          <Button kind="primary" onClick={() => go("/chats")}>
            {t("chats")}
          </Button>
        </EmptyState>
      </main>
    );
  }
  return (
    <>
      <main class="pane room room-pane" data-testid="room">
        {bar}
        <Header room={room} />
        <Timeline key={id} id={id} />
        <Composer key={id} room={room} />
        <MessageMenu />
        {removing.value && <RemoveDialog room={id} />}
      </main>
      {details.value && <Details room={room} />}
    </>
  );
}

function Header({ room }: { room: Summary }) {
  const face = roomFace(room);
  const toggle = () => {
    details.value = !details.peek();
  };
  const seal = (
    <>
      <Icon name="eye" />
      {t("can-read", { count: room.members_count })}
      <span class="sep" />
      <Icon name="lock" />
      {t("sealed")}
    </>
  );
  return (
    <>
      <header class="bar bar-line room-head">
        <span class="back">
          <IconButton name="left" size="lg" flip label={t("back")} onClick={() => go("/chats")} data-testid="back" />
        </span>
        <Avatar {...face} />
        <h1 class="visually-hidden">{face.name}</h1>
        <button type="button" class="who" onClick={toggle} aria-expanded={details.value} data-testid="room-title">
          <b class="cut" dir="auto">
            {face.name}
          </b>
          <small class="cut">{room.kind === "group" ? t("people-count", { count: room.members_count }) : t("direct-chat")}</small>
        </button>
        <span class="end" />
        <button type="button" class="seal only-wide" onClick={toggle} aria-expanded={details.value} data-testid="seal">
          {seal}
        </button>
        <IconButton name="info" label={t("details")} onClick={toggle} aria-expanded={details.value} data-testid="details-open" />
      </header>
      <button type="button" class="seal sealbar only-narrow" onClick={toggle} aria-expanded={details.value}>
        {seal}
        <span class="end" />
        <Icon name="right" flip />
      </button>
    </>
  );
}

function MessageMenu() {
  const open = menuFor.value;
  if (!open) return null;
  const { entry } = open;
  const own = entry.sender_id === myId.value;
  const items: MenuItem[] = [
    { label: t("reply"), icon: "reply", flip: true, testid: "menu-reply", choose: () => (doing.value = { what: "reply", entry }) },
    { label: t("copy"), icon: "copy", testid: "menu-copy", choose: () => copy(entry.content?.text ?? "") },
  ];
  if (own) {
    items.push(
      { label: t("edit"), icon: "pen", testid: "menu-edit", choose: () => (doing.value = { what: "edit", entry }) },
      { label: t("remove"), icon: "trash", bad: true, testid: "menu-remove", choose: () => (removing.value = entry) },
    );
  }
  return <Menu key={entry.seq} label={t("message-menu")} items={items} place={open} onClose={() => (menuFor.value = null)} />;
}

function copy(text: string): void {
  navigator.clipboard.writeText(text).then(
    () => toast(t("copied")),
    () => toast(t("copy-failed")),
  );
}

function RemoveDialog({ room }: { room: Id }) {
  const entry = removing.value;
  const close = () => {
    removing.value = null;
  };
  if (!entry) return null;
  return (
    <Dialog
      title={t("remove-title")}
      onClose={close}
      testid="remove-dialog"
      actions={
        <>
          <Button onClick={close}>{t("cancel")}</Button>
          <Button
            kind="danger"
            data-testid="remove-confirm"
            onClick={() => {
              act(room, { t: "remove", seq: entry.seq });
              close();
            }}
          >
            {t("remove")}
          </Button>
        </>
      }
    >
      <p>{t("remove-text")}</p>
    </Dialog>
  );
}
