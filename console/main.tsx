/** The entry of the console. */
import { render } from "hono/jsx/dom";

const root = document.getElementById("app");
if (root !== null) render(<h1>Postern</h1>, root);
