import { useEffect, useState } from "preact/hooks";
import { api } from "../../core/api";
import { sentence } from "../../core/door";
import { membersOf, myId, nameOf } from "../../core/store";
import { loadMembers } from "../../core/sync";
import { roomFace } from "../../core/titles";
import type { History, Id, Summary } from "../../core/types";
import { t } from "../../i18n";
import { go } from "../../router";
import { Avatar, Bones, Button, IconButton } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { Problem } from "../../ui/door";
import { Icon } from "../../ui/icon";
import { toast } from "../../ui/toast";
import { openWindow } from "../chats/actions";
import { PeoplePicker } from "../people/picker";
import { details } from "./view";

/** Who is here, what they can see, and how to change that. */
export function Details({ room }: { room: Summary }) {
  const id = room.conversation_id;
  const face = roomFace(room);
  const [adding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const [history, setHistory] = useState<History | null>(room.history ?? null);
  useEffect(() => {
    void loadMembers(id);
    api.summary(id).then(
      (full) => setHistory(full.history ?? null),
      () => {},
    );
  }, [id]);
  const group = room.kind === "group";
  return (
    <aside class="pane details-pane" aria-label={t("details")} data-testid="details">
      <header class="bar bar-line">
        <h2>{t("details")}</h2>
        <span class="end" />
        <IconButton name="x" label={t("close")} onClick={() => (details.value = false)} data-testid="details-close" />
      </header>
      <div class="scroll details-body">
        <div class="row">
          <Avatar {...face} size="lg" />
          <span class="who">
            <b dir="auto">{face.name}</b>
            {room.purpose && <small dir="auto">{room.purpose}</small>}
          </span>
        </div>
        <div class="card facts">
          <h3>{t("who-sees")}</h3>
          <Fact icon="eye" title={t("fact-members", { count: room.members_count })} text={t("fact-members-text")} />
          {group && <Fact icon="people" title={t("fact-history")} text={historyText(history)} />}
          {room.retention_days ? <Fact icon="trash" title={t("fact-retention")} text={t("fact-retention-text", { days: room.retention_days })} /> : null}
          <Fact icon="lock" title={t("fact-sealed")} text={t("fact-sealed-text")} />
        </div>
        <Members room={room} />
        {group && (
          <div class="row wrap">
            <Button icon="invite" onClick={() => (openWindow.value = { what: "invite", room: id })} data-testid="room-invite">
              {t("invite")}
            </Button>
            <Button icon="plus" onClick={() => setAdding(true)} data-testid="add-people">
              {t("add-people")}
            </Button>
            {room.owner_id !== myId.value && (
              <Button icon="out" onClick={() => setLeaving(true)} data-testid="leave">
                {t("leave")}
              </Button>
            )}
          </div>
        )}
      </div>
      {adding && <AddDialog id={id} onClose={() => setAdding(false)} />}
      {leaving && <LeaveDialog id={id} onClose={() => setLeaving(false)} />}
    </aside>
  );
}

function historyText(history: History | null): string {
  if (history?.policy === "since_joining") return t("history-since-joining");
  if (history?.policy === "days") return t("history-days", { days: history.days ?? 0 });
  return t("history-all");
}

function Fact({ icon, title, text }: { icon: "eye" | "lock" | "people" | "trash"; title: string; text: string }) {
  return (
    <div class="fact">
      <Icon name={icon} />
      <span>
        {title}
        <small>{text}</small>
      </span>
    </div>
  );
}

function Members({ room }: { room: Summary }) {
  const members = membersOf(room.conversation_id).value;
  if (!members) return <Bones rows />;
  const named = members.map((member) => ({ ...member, name: member.display_name ?? (nameOf(member.user_id) || t("somebody")) }));
  return (
    <section class="stack" aria-label={t("members")}>
      <h3>{t("members")}</h3>
      <ul class="stack" data-testid="members">
        {named
          .sort((a, b) => a.name.localeCompare(b.name))
          .map((member) => (
            <li key={member.user_id} class="person">
              <Avatar id={member.user_id} name={member.name} size="sm" />
              <span class="cut">
                <bdi>{member.name}</bdi>
                {member.user_id === myId.value && <small>{t("you")}</small>}
              </span>
              {member.user_id === room.owner_id && <span class="tag tag-brass">{t("owner")}</span>}
            </li>
          ))}
      </ul>
    </section>
  );
}

function AddDialog({ id, onClose }: { id: Id; onClose(): void }) {
  const [chosen, setChosen] = useState<ReadonlySet<Id>>(new Set());
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const inside = new Set(membersOf(id).value?.map((member) => member.user_id));
  const add = async () => {
    setBusy(true);
    try {
      for (const user of chosen) await api.addMember(id, user);
      void loadMembers(id);
      onClose();
    } catch (error) {
      setProblem(sentence(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={t("add-people")}
      onClose={onClose}
      onSubmit={() => void add()}
      testid="add-people-dialog"
      actions={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy} disabled={chosen.size === 0}>
            {t("add")}
          </Button>
        </>
      }
    >
      <Problem text={problem} />
      <PeoplePicker label={t("group-members")} chosen={chosen} except={inside} onChange={setChosen} />
    </Dialog>
  );
}

function LeaveDialog({ id, onClose }: { id: Id; onClose(): void }) {
  const [busy, setBusy] = useState(false);
  const leave = async () => {
    setBusy(true);
    try {
      await api.removeMember(id, myId.peek());
      details.value = false;
      go("/chats", true);
    } catch (error) {
      toast(sentence(error));
    }
    onClose();
  };
  return (
    <Dialog
      title={t("leave-title")}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="danger" busy={busy} onClick={() => void leave()} data-testid="leave-confirm">
            {t("leave")}
          </Button>
        </>
      }
    >
      <p>{t("leave-text")}</p>
    </Dialog>
  );
}
