/** `/docs/errors`: one entry for each `error_type`, at the anchor of its name, where `error_url` leads. */
import { html } from "hono/html";
import { ERROR_DESCRIPTIONS } from "../../src/error-docs/descriptions.ts";
import { ERROR_TYPES, type ErrorType, sampleResponse, wireName } from "../error-samples.ts";
import { jsonBlock, renderPage, rich } from "./layout.ts";

interface Entry {
  readonly type: ErrorType;
  readonly status: number;
  readonly body: object;
}

async function entriesOf(): Promise<Entry[]> {
  const entries = await Promise.all(
    ERROR_TYPES.map(async (type) => ({ type, ...(await sampleResponse(type)) })),
  );
  return entries.sort((a, b) => a.status - b.status);
}

const nameOf = (type: ErrorType) =>
  type === wireName(type) ? html`<code>${type}</code>` : "A type of Stytch's";

const personText = (name: string) => (name === "caller" || name === "operator" ? `the ${name}` : name);

function entrySection({ type, status, body }: Entry) {
  const { meaning, fault, responsible, action, retry } = ERROR_DESCRIPTIONS[type];
  return html`<section class="panel error" id="${type}" aria-labelledby="${type}-title">
<h2 id="${type}-title"><a href="#${type}">${nameOf(type)}</a> <span class="badge">${status}</span></h2>
<p>${rich(meaning)}</p>
<dl class="details"><dt>Whose fault</dt><dd>${personText(fault)}'s</dd><dt>Who has to act</dt><dd>${personText(responsible)}</dd><dt>What to do</dt><dd>${rich(action)}</dd><dt>Try again?</dt><dd>${rich(retry)}</dd></dl>
<details><summary>The body</summary>${jsonBlock(body)}</details>
</section>`;
}

export async function renderErrors(): Promise<string> {
  const entries = await entriesOf();
  const statuses = [...new Set(entries.map(({ status }) => status))];
  const contents = statuses.map(
    (status) =>
      html`<h3>${status}</h3><ul>${entries
        .filter((entry) => entry.status === status)
        .map(({ type }) => html`<li><a href="#${type}">${nameOf(type)}</a></li>`)}</ul>`,
  );
  const body = html`<div class="page-head"><div><h1>Errors</h1>
<p class="lead">Every error has the five fields of a Stytch error, so the SDKs raise their <code>StytchError</code>. Quote <code>request_id</code> to the operator: the log line has it, too.</p></div></div>
${entries.map(entrySection)}`;
  return await renderPage({ path: "/docs/errors", title: "Postern: errors", contents, body });
}
