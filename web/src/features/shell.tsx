import { useSignalEffect } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { link, me, outbox, rooms, unreadTotal } from "../core/store";
import { announced, reconnectNow, refusal } from "../core/sync";
import { roomTitle, shortName } from "../core/titles";
import { t } from "../i18n";
import { follow, route } from "../router";
import { Avatar, Badge, Banner, Button } from "../ui/controls";
import { Icon, Mark } from "../ui/icon";
import type { IconName } from "../ui/icons";
import { onePane } from "../ui/media";
import { announce, toast } from "../ui/toast";
import { ChatList } from "./chats/list";
import { NoRoom } from "./chats/no-room";
import { Windows } from "./chats/windows";
import { People } from "./people/people";
import { Room } from "./room/room";
import { details } from "./room/view";
import { Settings } from "./settings/settings";

const SHOW_AFTER_MS = 3_000;

/** Everything behind sign-in: rail or tabs, list, room. */
export default function Shell() {
  const { page, room } = route.value;
  useSignalEffect(() => {
    if (refusal.value) toast(refusal.value);
  });
  useSignalEffect(() => {
    const frame = announced.value;
    const place = frame && rooms.peek().get(frame.c);
    if (frame && place) announce(`${shortName(frame.sender)}, ${roomTitle(place)}: ${frame.content?.text ?? ""}`);
  });
  useEffect(() => {
    const count = unreadTotal.value;
    document.title = count ? `(${count}) Amana` : "Amana";
  }, [unreadTotal.value]);

  if (page === "people" || page === "me") {
    return (
      <div class="app wide-page">
        <Rail />
        <main class="pane">
          <ConnectionBar />
          {page === "people" ? <People /> : <Settings />}
        </main>
        <Tabs />
        <Windows />
      </div>
    );
  }
  const open = room !== null;
  return (
    <div class={`app${open ? " in-room" : ""}${open && details.value ? " with-details" : ""}`}>
      <Rail />
      <Pane main={!open} class="pane list-pane" aria-label={t("chats")}>
        {!open && onePane.value && <ConnectionBar />}
        <ChatList current={room} />
      </Pane>
      {room ? (
        <Room key={room} id={room} bar={<ConnectionBar />} />
      ) : (
        !onePane.value && (
          <section class="pane room-pane">
            <ConnectionBar />
            <NoRoom />
          </section>
        )
      )}
      <Tabs />
      {/* Beside the panes: a window inside a pane that a phone hides would be hidden with it. */}
      <Windows />
    </div>
  );
}

/** The page's main part is what a phone would show. */
function Pane({ main, ...rest }: { main: boolean; class: string; "aria-label": string; children: ComponentChildren }) {
  return main ? <main {...rest} /> : <section {...rest} />;
}

function NavLink({ to, page, icon, label, large, count }: { to: string; page: string; icon: IconName; label: string; large?: boolean; count?: number }) {
  const on = route.value.page === page;
  return (
    <a class={on ? "nav on" : "nav"} href={to} onClick={follow} aria-current={on ? "page" : undefined} data-testid={`${large ? "tab" : "nav"}-${page}`}>
      <Icon name={icon} size={large ? "lg" : undefined} />
      <span>{label}</span>
      {count ? <Badge count={count} label={t("unread-chats", { count })} /> : null}
    </a>
  );
}

function Rail() {
  const person = me.value?.person;
  return (
    <nav class="rail" aria-label="Amana">
      <Mark />
      <NavLink to="/chats" page="chats" icon="chat" label={t("chats")} count={unreadTotal.value} />
      <NavLink to="/people" page="people" icon="people" label={t("people")} />
      <a class="rail-foot" href="/me" onClick={follow} aria-label={t("me")} data-testid="rail-me">
        <Avatar id={person?.user_id ?? ""} name={person?.display_name ?? ""} />
      </a>
    </nav>
  );
}

function Tabs() {
  return (
    <nav class="tabs" aria-label="Amana">
      <NavLink to="/chats" page="chats" icon="chat" label={t("chats")} count={unreadTotal.value} large />
      <NavLink to="/people" page="people" icon="people" label={t("people")} large />
      <NavLink to="/me" page="me" icon="me" label={t("me")} large />
    </nav>
  );
}

/** Says so when the network has been away for a while; short gaps stay silent. */
export function ConnectionBar() {
  const { state, since } = link.value;
  const [shown, setShown] = useState(false);
  useEffect(() => {
    setShown(false);
    if (state === "online") return undefined;
    const timer = setTimeout(() => setShown(true), Math.max(0, SHOW_AFTER_MS - (Date.now() - since)));
    return () => clearTimeout(timer);
  }, [since, state === "online"]);
  if (state === "online" || !shown) return null;
  const waiting = outbox.value.filter((item) => item.operation.t === "send" && !item.refused).length;
  return (
    <Banner tone="off" icon="nowifi" role="status" testid="connection-bar" top>
      <span>
        <b>{t("offline")}</b> {waiting ? t("offline-waiting", { count: waiting }) : t("offline-text")}
      </span>
      <span class="end">
        <Button kind="quiet" onClick={reconnectNow}>
          {t("try-now")}
        </Button>
      </span>
    </Banner>
  );
}
