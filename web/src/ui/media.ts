/** Whether only one pane fits: the same width as in `modes.css`. */
import { signal } from "@preact/signals";

const query = matchMedia("(max-width: 639.98px)");

export const onePane = signal(query.matches);

query.addEventListener("change", () => {
  onePane.value = query.matches;
});
