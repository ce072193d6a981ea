import { useRef, useState } from "preact/hooks";
import { shortTime } from "../../core/format";
import { drafts, link, membersOf, myId, outbox, receiptsOf, roomsLoaded, sortedRooms } from "../../core/store";
import { unread } from "../../core/reducer";
import { isMessage, previewText, roomFace, roomTitle, shortName } from "../../core/titles";
import type { Summary } from "../../core/types";
import { t } from "../../i18n";
import { follow, roomPath } from "../../router";
import { Avatar, Badge, Bones, EmptyState, IconButton } from "../../ui/controls";
import { Icon, Tick } from "../../ui/icon";
import { Menu, type MenuPlace } from "../../ui/menu";
import { onePane } from "../../ui/media";
import { NewChatActions, openWindow } from "./actions";

/** The left pane: filter by name, conversations, ways to begin one. */
export function ChatList({ current }: { current: string | null }) {
  const [words, setWords] = useState("");
  const [onlyUnread, setOnlyUnread] = useState(false);
  const [menu, setMenu] = useState<MenuPlace | null>(null);
  const listed = sortedRooms.value.filter((room) => matches(room, words) && (!onlyUnread || unread(room) > 0 || room.conversation_id === current));
  const waiting = sortedRooms.value.filter((room) => unread(room) > 0).length;
  return (
    <>
      <header class="bar">
        <h1>{t("chats")}</h1>
        <span class="end" />
        <IconButton
          name="pen"
          label={t("new-chat")}
          data-testid="new-chat"
          aria-haspopup="menu"
          onClick={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            setMenu({ from: event.currentTarget, x: box.left, y: box.bottom + 4 });
          }}
        />
      </header>
      <div class="search">
        <label class="input input-soft">
          <Icon name="search" size="sm" />
          <span class="visually-hidden">{t("filter")}</span>
          <input type="search" dir="auto" placeholder={t("filter")} value={words} onInput={(event) => setWords(event.currentTarget.value)} data-testid="chat-filter" />
        </label>
      </div>
      <div class="filters">
        <button type="button" class={onlyUnread ? "chip" : "chip on"} aria-pressed={!onlyUnread} onClick={() => setOnlyUnread(false)}>
          {t("filter-all")}
        </button>
        <button type="button" class={onlyUnread ? "chip on" : "chip"} aria-pressed={onlyUnread} onClick={() => setOnlyUnread(true)}>
          {t("filter-unread")} {waiting > 0 && <b>{waiting}</b>}
        </button>
      </div>
      <Rows listed={listed} current={current} filtered={words !== "" || onlyUnread} />
      {menu && (
        <Menu
          label={t("new-chat")}
          place={menu}
          onClose={() => setMenu(null)}
          items={[
            { label: t("new-group"), icon: "group", testid: "new-group", choose: () => (openWindow.value = { what: "group" }) },
            { label: t("new-direct"), icon: "me", testid: "new-direct", choose: () => (openWindow.value = { what: "direct" }) },
            { label: t("invite"), icon: "invite", testid: "invite", choose: () => (openWindow.value = { what: "invite", room: null }) },
          ]}
        />
      )}
    </>
  );
}

function Rows({ listed, current, filtered }: { listed: readonly Summary[]; current: string | null; filtered: boolean }) {
  const list = useRef<HTMLUListElement>(null);
  if (!roomsLoaded.value) return <Bones rows />;
  if (listed.length === 0) {
    return (
      <div class="scroll">
        {filtered ? (
          <EmptyState glyph="search" title={t("filter-none")} text={t("filter-none-text")} />
        ) : (
          onePane.value && (
            <EmptyState glyph="chats" title={t("no-chats-title")} text={t("no-chats-text")}>
              <NewChatActions />
            </EmptyState>
          )
        )}
      </div>
    );
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const links = [...(list.current?.querySelectorAll("a") ?? [])];
    const at = links.indexOf(document.activeElement as HTMLAnchorElement);
    if (!step || at < 0) return;
    event.preventDefault();
    links[at + step]?.focus();
  };
  return (
    <ul class="scroll" ref={list} onKeyDown={onKeyDown} data-testid="chat-list">
      {listed.map((room) => (
        <li key={room.conversation_id}>
          <Row room={room} on={room.conversation_id === current} />
        </li>
      ))}
    </ul>
  );
}

function Row({ room, on }: { room: Summary; on: boolean }) {
  const count = unread(room);
  const face = roomFace(room);
  const queued = outbox.value.findLast((item) => item.c === room.conversation_id && item.operation.t === "send");
  const time = queued?.at ?? room.last?.ts;
  return (
    <a
      class={`item${on ? " on" : ""}${count ? " unread" : ""}`}
      href={roomPath(room.conversation_id)}
      onClick={follow}
      aria-current={on ? "page" : undefined}
      data-testid="chat-row"
      data-room={room.conversation_id}
    >
      <Avatar {...face} />
      <span class="t cut" dir="auto" data-testid="chat-title">
        {face.name}
      </span>
      <time class="w">{time ? shortTime(time) : ""}</time>
      <span class="p cut" dir="auto" data-testid="chat-preview">
        <Preview room={room} on={on} />
      </span>
      <span class="e">
        {count > 0 ? <Badge count={count} label={t("unread-messages", { count })} testid="unread-badge" /> : <Progress room={room} />}
      </span>
    </a>
  );
}

function Preview({ room, on }: { room: Summary; on: boolean }) {
  const draft = drafts.value.get(room.conversation_id);
  if (draft && !on) {
    return (
      <>
        <span class="draft">{t("draft")}</span> {draft}
      </>
    );
  }
  const queued = outbox.value.findLast((item) => item.c === room.conversation_id && item.operation.t === "send");
  if (queued && queued.operation.t === "send") return <>{queued.operation.text}</>;
  if (!room.last) return <>{room.purpose ?? ""}</>;
  const text = previewText(room.last);
  const named = room.kind === "group" && isMessage(room.last) && room.last.sender_id !== myId.value;
  return (
    <>
      {named && (
        <b>
          <bdi>{shortName(room.last.sender_id)}</bdi>:{" "}
        </b>
      )}
      {text}
    </>
  );
}

function Progress({ room }: { room: Summary }) {
  const items = outbox.value.filter((item) => item.c === room.conversation_id && item.operation.t === "send");
  if (items.some((item) => item.refused)) return <Tick state="failed" label={t("tick-failed")} />;
  if (items.length && link.value) return <Tick state="queued" label={t("tick-queued")} />;
  const last = room.last;
  if (!last || last.removed || !isMessage(last) || last.sender_id !== myId.value) return null;
  const readers = [...receiptsOf(room.conversation_id).value].filter(([user, seq]) => user !== myId.value && seq >= last.seq).length;
  // Not known yet who has read: no mark is better than a wrong one.
  if (readers === 0 && membersOf(room.conversation_id).value === null) return null;
  const others = Math.max(1, room.members_count - 1);
  if (readers >= others) return <Tick state="read" label={t("tick-read")} />;
  if (readers > 0) return <Tick state="seen" label={t("tick-seen", { count: readers, of: others })} />;
  return <Tick state="sent" label={t("tick-sent")} />;
}

function matches(room: Summary, words: string): boolean {
  const title = roomTitle(room).toLocaleLowerCase();
  return words
    .toLocaleLowerCase()
    .split(/\s+/u)
    .every((word) => title.includes(word));
}
