import { expect, test } from "vitest";
import { isConnectionFailureDetail } from "../../dev/runtime-log.ts";

const STACK =
  "stack: /clone/node_modules/@cloudflare/workerd-linux-64/bin/workerd@28a3c60 /x/workerd@3ac7580";
const END = "; sentryErrorContext = jsgInternalError; wdErrId = 2pedmi9l3d2c0t40cjl7vg43";
const FAILURE = "e = rust/worker/ffi.rs:110: failed:";

test.each([
  "failed to lookup address information: Name or service not known",
  "TLS handshake failed: Connection reset by peer (os error 104)",
  "TLS handshake failed: received corrupt message of type InvalidContentType",
])("the runtime's detail of a connection that failed is recognized: %s", (cause) => {
  expect(isConnectionFailureDetail(`${FAILURE} ${cause}\n${STACK}${END}`)).toBe(true);
});

test.each([
  ['{"request_id":"x","status":503,"upstream_detail":"the connection failed"}'],
  [`{"message":"${FAILURE} x ${STACK}${END}"}`],
  [`*** Fatal uncaught kj::Exception: x.c++:1: failed: y\n${STACK}`],
  [`e = workerd/io/worker.c++:1: failed: jsg.Error: x\n${STACK}${END}`],
  [`${FAILURE} x\n${STACK}`],
  [`uncaught exception; source = Uncaught; ${FAILURE} x\n${STACK}${END}`],
  [`${FAILURE} x\n${STACK}${END}\nError: the Worker's own`],
])("another line is not taken for such a detail: %s", (line) => {
  expect(isConnectionFailureDetail(line)).toBe(false);
});
