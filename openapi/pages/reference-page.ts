/** `/docs/`: every operation of the document, and the objects that go over the wire. */
import { html } from "hono/html";
import { codeBlock, renderPage, rich } from "./layout.ts";
import { operationSection } from "./operation-view.ts";
import { fieldTable } from "./schema-view.ts";
import type { PageDocument, RoutedOperation } from "./shapes.ts";
import { SDK_CLIENT } from "./snippets.ts";

export function operationsOf({ paths }: PageDocument): RoutedOperation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
  );
}

export async function renderReference(document: PageDocument): Promise<string> {
  const operations = operationsOf(document);
  const groups = document.tags.map((tag) => ({
    ...tag,
    operations: operations.filter(({ tags }) => tags.includes(tag.name)),
  }));
  const schemas = Object.entries(document.components.schemas);
  const contents = html`<a href="#start">Start</a>
${groups.map(
  ({ name, operations: own }) =>
    html`<h3><a href="#tag-${name}">${name}</a></h3><ul>${own.map(({ operationId: id, summary }) => html`<li><a href="#${id}">${summary}</a></li>`)}</ul>`,
)}
<h3><a href="#schemas">Objects</a></h3><ul>${schemas.map(([name]) => html`<li><a href="#schema-${name}">${name}</a></li>`)}</ul>`;
  const body = html`<div class="page-head" id="start"><div><h1>Reference</h1>
<p class="lead">Postern ${document.info.version}. The same in a form for programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).</p></div></div>
${document.info.description.split("\n\n").map((text) => html`<p>${rich(text)}</p>`)}
<section class="panel" id="sdk" aria-labelledby="sdk-title"><h2 id="sdk-title">With the official Node SDK</h2>
<p>The SDK takes a Postern key as its secret and the address of the deployment as its base URL. The examples below use this client.</p>
${codeBlock(SDK_CLIENT)}</section>
${groups.map(
  ({ name, description, operations: own }) =>
    html`<section class="group" id="tag-${name}" aria-labelledby="tag-${name}-title"><h2 id="tag-${name}-title">${name}</h2><p class="lead">${rich(description)}</p>
${own.map((operation) => operationSection(operation, document))}</section>`,
)}
<section class="group" id="schemas" aria-labelledby="schemas-title"><h2 id="schemas-title">Objects</h2>
<p class="lead">Stytch may send fields that are not listed here; Postern passes them on.</p>
${schemas.map(
  ([name, schema]) =>
    html`<section class="panel" id="schema-${name}" aria-labelledby="schema-${name}-title"><h3 id="schema-${name}-title">${name}</h3>${fieldTable(schema)}</section>`,
)}</section>`;
  return await renderPage({ path: "/docs/", title: "Postern: reference", contents, body });
}
