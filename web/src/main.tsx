import { render } from "preact";

render(<p>Amana</p>, document.getElementById("app") as HTMLElement);
