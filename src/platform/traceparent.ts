/** The trace that a caller's request belongs to: W3C Trace Context, https://www.w3.org/TR/trace-context/. */

/** Version, trace ID, parent ID and flags (§3.2). A later version may append more after another hyphen (§4.3). */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

/** Returns the trace ID of a `traceparent`: 32 hexadecimal digits. Null for none, and for a malformed one (§3.2.2). */
export function traceIdOf(header: string | null): string | null {
  const [, version, traceId = null, more] = header === null ? [] : (TRACEPARENT.exec(header) ?? []);
  return version === "00" && more !== undefined ? null : traceId;
}
