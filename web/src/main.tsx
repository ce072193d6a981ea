import "./styles/index.css";
import { render } from "preact";
import { App } from "./app";
import { applyTheme } from "./core/theme";
import { enter } from "./core/session";
import { route } from "./router";
import { guessLanguage, setLanguage } from "./i18n";

const WITH_SECRET: ReadonlySet<string> = new Set(["setup", "join"]);

applyTheme();
void setLanguage(guessLanguage()).then(() => {
  render(<App />, document.getElementById("app") as HTMLElement);
  // Whoever follows a link with a secret begins anew: who else is signed in here does not matter.
  return WITH_SECRET.has(route.peek().page) ? undefined : enter();
});
