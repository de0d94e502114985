/** Answers that several operations give are written once, and named after the first of these operations. */

export interface ResponsesHolder {
  readonly operationId: string;
  responses: Record<string, unknown>;
}

/** Replaces repeated responses in `operations` by references. Returns what these refer to. */
export function shareResponses(operations: readonly ResponsesHolder[]): Record<string, unknown> {
  const uses = new Map<string, { readonly name: string; readonly response: unknown; count: number }>();
  const all = operations.flatMap(({ operationId, responses }) =>
    Object.entries(responses).map(([status, response]) => ({ name: `${operationId}_${status}`, response })),
  );
  for (const { name, response } of all) {
    const text = JSON.stringify(response);
    const use = uses.get(text) ?? { name, response, count: 0 };
    use.count += 1;
    uses.set(text, use);
  }
  for (const operation of operations) {
    operation.responses = Object.fromEntries(
      Object.entries(operation.responses).map(([status, response]) => {
        const use = uses.get(JSON.stringify(response));
        const isShared = use !== undefined && use.count > 1;
        return [status, isShared ? { $ref: `#/components/responses/${use.name}` } : response];
      }),
    );
  }
  const shared = [...uses.values()].filter(({ count }) => count > 1);
  return Object.fromEntries(shared.map(({ name, response }) => [name, response]));
}
