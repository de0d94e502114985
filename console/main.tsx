/** The entry of the console. */
import { render } from "hono/jsx/dom";
import { App } from "./app.tsx";
import { keepFocus } from "./components/keep-focus.ts";
import { forgetWhenLeft } from "./forget-when-left.ts";

forgetWhenLeft();
keepFocus();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
