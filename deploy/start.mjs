/** `npm run deploy`, in JavaScript, since a Node that is too old for the rest must be told so in words. */
const MIN_VERSION = [22, 18];
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major > MIN_VERSION[0] || (major === MIN_VERSION[0] && minor >= MIN_VERSION[1])) {
  await import("./main.ts");
} else {
  process.stderr.write(
    `error: Node ${process.versions.node} is too old: deploying needs ${MIN_VERSION.join(".")} or later. ` +
      "On Linux and macOS, npm ci brings Node 24 along: run npm ci, then npm run deploy.\n",
  );
  process.exitCode = 1;
}
