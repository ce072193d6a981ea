import { useRef, useState } from "preact/hooks";
import { api } from "../../core/api";
import { sentence } from "../../core/door";
import { newClientId } from "../../core/ids";
import { adoptRoom } from "../../core/sync";
import type { History, Id, Summary } from "../../core/types";
import { t } from "../../i18n";
import { go, roomPath } from "../../router";
import { Avatar, Button, Field } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { Problem } from "../../ui/door";
import { PeoplePicker, sortedPeople } from "../people/picker";

export function openRoomOf(summary: Summary): void {
  adoptRoom(summary);
  go(roomPath(summary.conversation_id));
}

/** A group needs a name and a purpose; people can come later. */
export function NewGroupDialog({ onClose }: { onClose(): void }) {
  const [title, setTitle] = useState("");
  const [purpose, setPurpose] = useState("");
  const [policy, setPolicy] = useState<History["policy"]>("all");
  const [chosen, setChosen] = useState<ReadonlySet<Id>>(new Set());
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  // One id for this window: pressing again after a lost answer finds the same group.
  const id = useRef(newClientId());

  const create = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const history: History = policy === "days" ? { policy, days: 30 } : { policy };
      const made = await api.createGroup({ client_id: id.current, title: title.trim(), purpose: purpose.trim(), member_ids: [...chosen], history });
      onClose();
      openRoomOf(made);
    } catch (error) {
      setProblem(sentence(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={t("new-group")}
      onClose={onClose}
      onSubmit={() => void create()}
      testid="new-group-dialog"
      actions={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="primary" type="submit" busy={busy} data-testid="create-group">
            {t("create")}
          </Button>
        </>
      }
    >
      <Problem text={problem} />
      <Field label={t("group-title")} name="title" required maxLength={120} autoComplete="off" data-testid="group-title" value={title} onValue={setTitle} />
      <Field label={t("group-purpose")} hint={t("group-purpose-hint")} name="purpose" required maxLength={500} autoComplete="off" data-testid="group-purpose" value={purpose} onValue={setPurpose} />
      <label class="field">
        <span>{t("group-history")}</span>
        <span class="input">
          <select value={policy} onChange={(event) => setPolicy(event.currentTarget.value as History["policy"])} data-testid="group-history">
            <option value="all">{t("history-all")}</option>
            <option value="since_joining">{t("history-since-joining")}</option>
            <option value="days">{t("history-days", { days: 30 })}</option>
          </select>
        </span>
      </label>
      <PeoplePicker label={t("group-members")} chosen={chosen} onChange={setChosen} />
    </Dialog>
  );
}

export function NewDirectDialog({ onClose }: { onClose(): void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const open = async (user: Id) => {
    try {
      const room = await api.direct(user);
      onClose();
      openRoomOf(room);
    } catch (error) {
      setProblem(sentence(error));
    }
  };
  const everybody = sortedPeople();
  return (
    <Dialog title={t("new-direct")} onClose={onClose} testid="new-direct-dialog">
      <Problem text={problem} />
      {everybody.length === 0 && <p class="muted">{t("people-none")}</p>}
      <div class="stack">
        {everybody.map((person) => (
          <button key={person.user_id} type="button" class="pick" onClick={() => void open(person.user_id)} data-testid="direct-person">
            <Avatar id={person.user_id} name={person.display_name} />
            <bdi class="grow">{person.display_name}</bdi>
          </button>
        ))}
      </div>
    </Dialog>
  );
}
