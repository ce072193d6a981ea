import { useState } from "preact/hooks";
import { api } from "../../core/api";
import { sentence } from "../../core/door";
import { enter } from "../../core/session";
import { passkeysWork, usePasskey } from "../../core/webauthn";
import { t } from "../../i18n";
import { Button, Field } from "../../ui/controls";
import { Brand, Door, Problem } from "../../ui/door";

/** Passkey first; name and password always at hand. */
export default function SignIn() {
  const [handle, setHandle] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState<"passkey" | "password" | null>(null);

  const attempt = async (way: "passkey" | "password") => {
    setBusy(way);
    setProblem(null);
    try {
      if (way === "passkey") await api.signInPasskey(await usePasskey());
      else await api.signInPassword(handle.trim(), password);
      await enter();
    } catch (error) {
      setProblem(sentence(error));
    }
    setBusy(null);
  };
  return (
    <Door onSubmit={() => void attempt("password")} testid="sign-in">
      <Brand />
      <div class="pad mid">
        <h1 class="big">{t("sign-in-title")}</h1>
        <p class="muted">
          <bdi>{location.host}</bdi>
        </p>
        <Problem text={problem} />
        {passkeysWork() && (
          <>
            <Button kind="primary" large icon="finger" busy={busy === "passkey"} onClick={() => void attempt("passkey")} data-testid="sign-in-passkey">
              {t("sign-in-passkey")}
            </Button>
            <div class="or">
              <small class="muted">{t("or")}</small>
            </div>
          </>
        )}
        <Field label={t("handle")} name="username" autoComplete="username webauthn" required data-testid="handle" autoCapitalize="none" spellcheck={false} value={handle} onValue={setHandle} />
        <Field label={t("password")} name="password" type="password" autoComplete="current-password" required data-testid="password" value={password} onValue={setPassword} />
        <Button large kind={passkeysWork() ? undefined : "primary"} type="submit" busy={busy === "password"} data-testid="submit">
          {t("sign-in-password")}
        </Button>
      </div>
      <div class="pad bot">
        <small class="muted">{t("sign-in-help")}</small>
      </div>
    </Door>
  );
}
