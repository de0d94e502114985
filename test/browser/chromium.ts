/** The Chromium of this machine, started once for all files. No download: Debian has it as the package `chromium`. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
/** Places outside PATH, on Linux and macOS. */
const OTHER_PATHS = [
  "/usr/lib/chromium/chromium",
  "/snap/bin/chromium",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The path of a browser: `CHROMIUM` if it is set, then what PATH has, then the usual places. Throws if there is none. */
export function findChromium(
  env: Readonly<Record<string, string | undefined>> = process.env,
  isExecutable: (path: string) => boolean = canExecute,
): string {
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const inPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const chosen = env["CHROMIUM"];
  const found = (chosen ? [chosen] : [...inPath, ...OTHER_PATHS]).find(isExecutable);
  if (found !== undefined) return found;
  throw new Error(
    chosen
      ? `CHROMIUM is ${chosen}, which cannot be executed.`
      : "The browser tests need Chromium: apt-get install chromium, or set CHROMIUM to the path of a Chrome.",
  );
}

function canExecute(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

let running: Promise<Browser> | undefined;

/** The browser of this process, which closes when the process ends. */
export async function getBrowser(): Promise<Browser> {
  running ??= chromium.launch({
    executablePath: findChromium(),
    args: [
      // Chromium has no sandbox for root. Only pages of this repository are loaded.
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
      // Neither a page nor the browser itself finds any other machine.
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ],
  });
  return await running;
}
