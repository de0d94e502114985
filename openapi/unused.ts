/** Leaves out the components that nothing refers to. */

interface Components {
  readonly schemas: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, unknown>>;
}

export function withoutUnused<C extends Components, D extends { readonly components: C }>(document: D): D {
  const { components } = document;
  const text = JSON.stringify(document);
  const isUsed = (kind: keyof Components, name: string) => text.includes(`"#/components/${kind}/${name}"`);
  const headers = Object.entries(components.headers).filter(([name]) => isUsed("headers", name));
  return { ...document, components: { ...components, headers: Object.fromEntries(headers) } };
}
