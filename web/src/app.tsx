import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { enter } from "./core/session";
import { session } from "./core/store";
import { t } from "./i18n";
import { type Page, route } from "./router";
import { Failed } from "./ui/controls";
import { Brand, Door } from "./ui/door";
import { Mark } from "./ui/icon";
import { LiveRegion } from "./ui/toast";

/** Pages that most visits never need come when they are asked for. */
const DOORS: Partial<Record<Page, () => Promise<{ default: FunctionComponent }>>> = {
  setup: () => import("./features/setup/setup"),
  join: () => import("./features/join/join"),
  "sign-in": () => import("./features/sign-in/sign-in"),
};
const inside = () => import("./features/shell");

export function App() {
  const page = route.value.page;
  const state = session.value;
  const door = DOORS[page];
  // Fetched while the server is still asked who is here.
  if (!door && state === "loading") void inside().catch(() => {});
  return (
    <>
      {door ? (
        <Lazy key={page} load={door} />
      ) : state === "in" ? (
        <Lazy key="inside" load={inside} />
      ) : state === "unreachable" ? (
        <Door>
          <Brand />
          <div class="pad mid">
            <Failed text={t("unreachable")} retry={() => void enter()} />
          </div>
        </Door>
      ) : (
        <Opening />
      )}
      <LiveRegion />
    </>
  );
}

function Opening() {
  return (
    <div class="empty" role="status" aria-label={t("loading")}>
      <Mark />
    </div>
  );
}

function Lazy({ load }: { load(): Promise<{ default: FunctionComponent }> }) {
  const [Part, setPart] = useState<FunctionComponent | null>(null);
  const [failed, setFailed] = useState(false);
  const start = () => {
    setFailed(false);
    load().then(
      (module) => setPart(() => module.default),
      () => setFailed(true),
    );
  };
  useEffect(start, []);
  if (failed) return <Failed retry={() => location.reload()} />;
  return Part ? <Part /> : <Opening />;
}
