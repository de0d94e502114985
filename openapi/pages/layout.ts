/** What the pages of the reference share. `html` escapes what is put into it. */
import { html } from "hono/html";

export type Html = ReturnType<typeof html>;

/** Text with `code` between backticks. */
export const rich = (text: string): readonly (string | Html)[] =>
  text.split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));

export const codeBlock = (text: string) => html`<pre tabindex="0"><code>${text}</code></pre>`;

export const jsonBlock = (value: unknown) =>
  codeBlock(typeof value === "string" ? value : JSON.stringify(value, null, 2));

const SECTIONS = [
  { path: "/docs/", name: "Reference" },
  { path: "/docs/errors", name: "Errors" },
  { path: "/console/", name: "Console" },
] as const;

export type SectionPath = (typeof SECTIONS)[number]["path"];

export interface PageContent {
  readonly path: SectionPath;
  readonly title: string;
  /** What the page has, in links beside it, or folded above it on a narrow screen: it is there twice, so without IDs. */
  readonly contents: unknown;
  readonly body: unknown;
}

/** A whole page, without scripts. */
export async function renderPage({ path, title, contents, body }: PageContent): Promise<string> {
  const links = SECTIONS.map((section) =>
    section.path === path
      ? html`<a href="${section.path}" aria-current="page">${section.name}</a>`
      : html`<a href="${section.path}">${section.name}</a>`,
  );
  const page = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/style.css">
<link rel="stylesheet" href="/docs/docs.css">
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="bar"><a class="brand" href="/docs/">Postern</a><nav aria-label="Sections">${links}</nav></header>
<div class="reference">
<nav class="contents" aria-label="On this page"><div>${contents}</div>
<details><summary>On this page</summary><div>${contents}</div></details></nav>
<main id="content">
${body}
</main>
</div>
</body>
</html>
`;
  return String(page);
}
