import { useEffect, useState } from "preact/hooks";
import { api } from "../../core/api";
import { credentialsFor, firstChoice, sentence } from "../../core/door";
import { enter } from "../../core/session";
import { passkeysWork } from "../../core/webauthn";
import { language, t } from "../../i18n";
import { takeSecret } from "../../router";
import { Banner, Bones, Button, EmptyState, Field } from "../../ui/controls";
import { Brand, CredentialFields, Door, HandlePage, Problem } from "../../ui/door";

const secret = { value: "" };

/** The first page of an installation: the organisation and its owner. */
export default function Setup() {
  const [state, setState] = useState<"checking" | "open" | "bad">("checking");
  const [problem, setProblem] = useState<string | null>(null);
  const [organisation, setOrganisation] = useState("");
  const [name, setName] = useState("");
  const [choice, setChoice] = useState(firstChoice);
  const [busy, setBusy] = useState(false);
  const [handle, setHandle] = useState<string | null>(null);

  useEffect(() => {
    secret.value = takeSecret() || secret.value;
    api.setupPreview(secret.value).then(
      () => setState("open"),
      (error: unknown) => {
        setProblem(sentence(error));
        setState("bad");
      },
    );
  }, []);

  const submit = async () => {
    setBusy(true);
    setProblem(null);
    try {
      const credentials = await credentialsFor(choice, secret.value, name.trim());
      const made = await api.setup({ secret: secret.value, organisation: organisation.trim(), display_name: name.trim(), language: language.peek(), ...credentials });
      if (choice.way === "password" && made.person.handle) setHandle(made.person.handle);
      else await enter();
    } catch (error) {
      setProblem(sentence(error));
    }
    setBusy(false);
  };

  if (handle) return <HandlePage handle={handle} onContinue={() => void enter()} />;
  if (state !== "open") {
    return (
      <Door testid="setup">
        <Brand />
        <div class="pad mid">{state === "checking" ? <Bones /> : <EmptyState glyph="broken" title={t("setup-bad")} text={problem ?? ""} />}</div>
      </Door>
    );
  }
  return (
    <Door onSubmit={() => void submit()} testid="setup">
      <Brand />
      <div class="pad mid">
        <h1 class="big">{t("setup-title")}</h1>
        <p class="muted">{t("setup-text")}</p>
        <Field label={t("setup-organisation")} name="organisation" required maxLength={120} autoComplete="organization" data-testid="organisation" value={organisation} onValue={setOrganisation} />
        <Field label={t("setup-name")} name="name" required maxLength={80} autoComplete="name" data-testid="name" value={name} onValue={setName} />
        <CredentialFields choice={choice} onChange={setChoice} passkeys={passkeysWork()} />
        <Banner boxed>
          <span>{t("setup-address", { origin: location.origin })}</span>
        </Banner>
        <Problem text={problem} />
      </div>
      <div class="pad bot">
        <Button kind="primary" large type="submit" busy={busy} data-testid="submit">
          {t("setup-submit")}
        </Button>
      </div>
    </Door>
  );
}
