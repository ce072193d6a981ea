import "./styles/index.css";
import { render } from "preact";
import { App } from "./app";
import { applyTheme } from "./core/theme";
import { enter } from "./core/session";
import { guessLanguage, setLanguage } from "./i18n";

applyTheme();
void setLanguage(guessLanguage()).then(() => {
  render(<App />, document.getElementById("app") as HTMLElement);
  return enter();
});
