/** One operation of the reference. */
import { html } from "hono/html";
import { type ErrorType, wireName } from "../error-samples.ts";
import { codeBlock, type Html, jsonBlock, rich } from "./layout.ts";
import { fallbackOf, typeOf } from "./schema-view.ts";
import {
  isRef,
  nameOfRef,
  type PageDocument,
  type PageMedia,
  type PageParameter,
  type PageResponse,
  type RoutedOperation,
} from "./shapes.ts";
import { curlOf, sdkOf } from "./snippets.ts";

/** The types of a response to failures, as its examples name them. */
const errorTypesOf = ({ content = {} }: PageResponse) =>
  Object.values(content).flatMap(({ examples = {} }) => Object.keys(examples) as ErrorType[]);

export function operationSection(operation: RoutedOperation, document: PageDocument) {
  const { operationId: id, method, path, summary, description, parameters = [], requestBody } = operation;
  const responses = Object.entries(operation.responses).map(([status, response]) => ({
    status,
    response: isRef(response) ? resolve(document, nameOfRef(response)) : (response as PageResponse),
  }));
  const successes = responses.filter(({ status }) => Number(status) < 400);
  const failures = responses.filter(({ status }) => Number(status) >= 400);
  return html`<section class="panel operation" id="${id}" aria-labelledby="${id}-title">
<h3 id="${id}-title"><a href="#${id}">${summary}</a></h3>
<p class="endpoint"><span class="badge method-${method}">${method.toUpperCase()}</span> <code>${path}</code></p>
<p>${rich(description)}</p>
${credentialsOf(operation, document)}
${examplesOf(operation)}
${parameters.length === 0 ? "" : parameterTable(parameters)}
${requestBody === undefined ? "" : bodySection(requestBody)}
${successes.map(({ status, response }) => responseSection(status, response, document))}
${errorTable(failures)}
</section>`;
}

function resolve({ components }: PageDocument, name: string): PageResponse {
  const response = components.responses[name];
  if (response === undefined) throw new Error(`There is no response ${name}.`);
  return response;
}

function credentialsOf({ security }: RoutedOperation, { components }: PageDocument) {
  const names = security.flatMap((scheme) => Object.keys(scheme));
  if (names.length === 0) return html`<p><strong>Credentials:</strong> none.</p>`;
  const items = names.map(
    (name) => html`<li>${rich(components.securitySchemes[name]?.description ?? name)}</li>`,
  );
  return html`<h4>Credentials${names.length > 1 ? ": any one of these" : ""}</h4><ul>${items}</ul>`;
}

function examplesOf(operation: RoutedOperation) {
  const curl = curlOf(operation);
  const sdk = sdkOf(operation);
  return [
    curl === null ? "" : [html`<h4>curl</h4>`, codeBlock(curl)],
    sdk === null ? "" : [html`<h4>Node SDK</h4>`, codeBlock(sdk)],
  ];
}

function parameterTable(parameters: readonly PageParameter[]) {
  const rows = parameters.map(
    ({ name, in: place, required, description, schema }) =>
      html`<tr><th scope="row"><code>${name}</code></th><td>${place}${required ? ", required" : ""}</td><td>${typeOf(schema)}</td><td>${rich(description)}${fallbackOf(schema)}</td></tr>`,
  );
  return html`<h4>Parameters</h4><div class="table-scroll" tabindex="0"><table><thead><tr><th scope="col">Name</th><th scope="col">Place</th><th scope="col">Value</th><th scope="col">Meaning</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function bodySection({ required, content }: NonNullable<RoutedOperation["requestBody"]>) {
  const parts = Object.entries(content).map(([type, media]) => mediaSection(type, media));
  return html`<h4>Body${required ? "" : ", which may be absent"}</h4>${parts}`;
}

function mediaSection(type: string, { schema, example, examples = {} }: PageMedia): unknown {
  const shown =
    example === undefined
      ? Object.values(examples).flatMap((one) =>
          "value" in one ? [[one.summary ?? "An example", one.value] as const] : [],
        )
      : [["An example", example] as const];
  const blocks = shown.map(
    ([title, value]) => html`<details><summary>${rich(title)}</summary>${jsonBlock(value)}</details>`,
  );
  return html`<p><code>${type}</code>: ${typeOf(schema)}</p>${blocks}`;
}

function responseSection(status: string, response: PageResponse, { components }: PageDocument) {
  const { description, headers, content = {} } = response;
  const rows = Object.entries(headers).map(([name, ref]) => {
    const header = components.headers[nameOfRef(ref)];
    return html`<tr><th scope="row"><code>${name}</code></th><td>${header?.required ? "always" : "sometimes"}</td><td><code>${header?.example}</code></td><td>${rich(header?.description ?? "")}</td></tr>`;
  });
  return html`<h4>${status}</h4><p>${rich(description)}</p>
${Object.entries(content).map(([type, media]) => mediaSection(type, media))}
<details><summary>Headers of ${status}</summary><div class="table-scroll" tabindex="0"><table><thead><tr><th scope="col">Header</th><th scope="col">Present</th><th scope="col">For example</th><th scope="col">Meaning</th></tr></thead><tbody>${rows}</tbody></table></div></details>`;
}

const nameOf = (type: ErrorType) => (wireName(type) === type ? html`<code>${type}</code>` : wireName(type));

function errorTable(failures: readonly { readonly status: string; readonly response: PageResponse }[]) {
  const rows = failures.map(({ status, response }) => {
    const links = errorTypesOf(response).map((type, index): Html[] => [
      html`${index > 0 ? ", " : ""}<a href="/docs/errors#${type}">${nameOf(type)}</a>`,
    ]);
    return html`<tr><th scope="row">${status}</th><td>${links}</td></tr>`;
  });
  return html`<h4>Errors</h4><div class="table-scroll" tabindex="0"><table><thead><tr><th scope="col">Status</th><th scope="col">Types</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}
