/** Copies a text, and says so. */
import { useState } from "hono/jsx/dom";
import { announce } from "./announce.ts";

const SHOWN_MS = 2_000;

/** `what`: as in "Copy the key". */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [label, setLabel] = useState("Copy");
  const copy = async () => {
    if (await copyText(text)) {
      setLabel("Copied");
      announce("Copied.");
      setTimeout(() => setLabel("Copy"), SHOWN_MS);
    } else {
      announce("This browser does not allow it. Select the text, and copy it yourself.");
    }
  };
  return (
    <button type="button" class="button" aria-label={`${label} ${what}`} onClick={() => void copy()}>
      {label}
    </button>
  );
}

/** False if the browser does not allow it, as on a page of plain HTTP. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
