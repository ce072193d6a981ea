import { useState } from "preact/hooks";
import { myId, people, peopleState } from "../../core/store";
import type { Id, Person } from "../../core/types";
import { t } from "../../i18n";
import { Avatar, Bones } from "../../ui/controls";
import { Icon } from "../../ui/icon";

export function sortedPeople(except: ReadonlySet<Id> = new Set()): Person[] {
  return [...people.value.values()]
    .filter((person) => person.user_id !== myId.value && !person.erased && !except.has(person.user_id))
    .sort((a, b) => a.display_name.localeCompare(b.display_name));
}

interface PickerProps {
  label: string;
  chosen: ReadonlySet<Id>;
  except?: ReadonlySet<Id>;
  onChange(chosen: ReadonlySet<Id>): void;
}

/** Choose colleagues by name. */
export function PeoplePicker({ label, chosen, except, onChange }: PickerProps) {
  const [words, setWords] = useState("");
  const all = sortedPeople(except);
  const shown = all.filter((person) => person.display_name.toLocaleLowerCase().includes(words.toLocaleLowerCase()));
  const toggle = (id: Id) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChange(next);
  };
  if (peopleState.value === "loading") return <Bones rows />;
  return (
    <fieldset class="stack choice" data-testid="people-picker">
      <legend class="field">
        <span>{label}</span>
      </legend>
      {all.length > 6 && (
        <span class="input input-soft">
          <Icon name="search" size="sm" />
          <input type="search" dir="auto" aria-label={t("filter-people")} placeholder={t("filter-people")} value={words} onInput={(event) => setWords(event.currentTarget.value)} />
        </span>
      )}
      {all.length === 0 ? (
        <small class="muted">{t("people-none")}</small>
      ) : (
        <div class="picks">
          {shown.map((person) => (
            <label key={person.user_id} class="pick">
              <input type="checkbox" checked={chosen.has(person.user_id)} onChange={() => toggle(person.user_id)} />
              <Avatar id={person.user_id} name={person.display_name} size="sm" />
              <bdi class="grow">{person.display_name}</bdi>
            </label>
          ))}
        </div>
      )}
    </fieldset>
  );
}
