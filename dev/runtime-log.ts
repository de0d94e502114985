/** What the runtime (workerd) logs beside the Worker's own lines. */

/**
 * Whether a log line is the runtime's detail of a connection that failed, in the name service or in TLS: an address
 * in its Rust code, a stack of hexadecimal addresses, and an ID. The Worker sees the same failure as an exception and
 * logs it in its own words, so nothing is lost without this line. A crash of the runtime or an exception that the
 * Worker did not catch has another form.
 */
export function isConnectionFailureDetail(line: string): boolean {
  return /^e = rust\/worker\/ffi\.rs:\d+: failed: [^\n]*\nstack: [^\n]*; sentryErrorContext = jsgInternalError; wdErrId = \w+\s*$/.test(
    line,
  );
}
