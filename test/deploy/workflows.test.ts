/** The workflows of GitHub: what they may do, and who gets a secret. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly uses?: string;
  readonly if?: string;
  readonly needs?: string;
  readonly permissions?: object;
  readonly environment?: string;
  readonly "timeout-minutes"?: number;
  readonly steps?: readonly Step[];
}

interface Workflow {
  readonly on: object;
  readonly permissions: object;
  readonly jobs: Readonly<Record<string, Job>>;
}

const ROOT = new URL("../../", import.meta.url);
const FOLDER = new URL(".github/workflows/", ROOT);
const read = (url: URL) => readFileSync(url, "utf8");

const workflows = readdirSync(FOLDER).map((file) => {
  const text = read(new URL(file, FOLDER));
  return { file, text, workflow: parse(text) as Workflow };
});
const jobs = workflows.flatMap(({ file, workflow }) =>
  Object.entries(workflow.jobs).map(([name, job]) => ({ name: `${file}: ${name}`, file, job })),
);
const steps = jobs.flatMap(({ job }) => job.steps ?? []);

test("each action of another repository is pinned by its commit, with its tag beside it", () => {
  const lines = workflows.flatMap(({ text }) => text.match(/^.*\buses:.*$/gm) ?? []);
  expect(lines.length).toBeGreaterThan(5);
  for (const line of lines) {
    expect(line).toMatch(
      /uses: (?:[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\.\/\.github\/workflows\/\w+\.yml)$/,
    );
  }
});

const RELEASE = "release.yml: release";
const readers = jobs.filter(({ name }) => name !== RELEASE);

test.each(workflows)("$file gives its jobs no right that they do not name", ({ workflow }) => {
  expect(workflow.permissions).toEqual({});
});

test.each(readers)("$name may only read the repository", ({ job }) => {
  expect(job.permissions).toEqual({ contents: "read" });
});

test("the release of a tag alone may write, after the checks, and runs nobody else's code", () => {
  const release = jobs.find(({ name }) => name === RELEASE)?.job;
  expect(workflows.find(({ file }) => file === "release.yml")?.workflow.on).toEqual({
    push: { tags: ["v*"] },
  });
  expect(release).toMatchObject({ needs: "checks", permissions: { contents: "write" } });
  expect(release?.steps?.flatMap(({ uses }) => uses?.split("@")[0] ?? [])).toEqual([
    "actions/checkout",
    "actions/setup-node",
  ]);
  const [notes, create, ...others] = release?.steps?.flatMap(({ run }) => run ?? []) ?? [];
  expect(notes).toMatch(/^node dev\/release-notes\.ts --tag "\$GITHUB_REF_NAME" >/);
  expect(create).toMatch(/^gh release create "\$GITHUB_REF_NAME" --verify-tag /);
  expect(others).toEqual([]);
});

test.each(jobs.filter(({ job }) => job.uses === undefined))("$name ends after a time", ({ job }) => {
  expect(job["timeout-minutes"]).toBeLessThanOrEqual(30);
});

test("a checkout leaves no credential behind", () => {
  const checkouts = steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"));
  for (const checkout of checkouts) expect(checkout.with).toMatchObject({ "persist-credentials": false });
});

test("no workflow runs with the rights of the repository for what a fork proposes", () => {
  for (const { workflow } of workflows) {
    expect(Object.keys(workflow.on)).not.toContain("pull_request_target");
    expect(Object.keys(workflow.on)).not.toContain("workflow_run");
  }
});

test("a job with a secret has an environment, and never runs for a fork or Dependabot", () => {
  const withSecret = jobs.filter(({ job }) => JSON.stringify(job).includes("secrets."));
  expect(withSecret.map(({ name }) => name).sort()).toEqual([
    "main.yml: production",
    "main.yml: staging",
    "pull-request.yml: version",
  ]);
  for (const { file, job } of withSecret) {
    expect(job.environment).toMatch(/^(?:staging|production)$/);
    expect(job.if).toContain("vars.POSTERN_DEPLOYS == 'true'");
    if (file === "main.yml") continue;
    expect(job.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
    expect(job.if).toContain("dependabot[bot]");
  }
});

test("only a deployment or an upload has the token, and no script contains what an event says", () => {
  for (const step of steps) {
    if (JSON.stringify(step).includes("secrets."))
      expect(step.run).toMatch(/^npm run deploy -- --env \w+$|^npx wrangler versions upload /);
    expect(step.run ?? "").not.toContain("${{");
  }
});

test("each npm script of a workflow exists", () => {
  const { scripts } = JSON.parse(read(new URL("package.json", ROOT)));
  const names = steps.flatMap(({ run }) => /^npm run ([\w:]+)/.exec(run ?? "")?.[1] ?? []);
  expect(names.length).toBeGreaterThan(3);
  for (const name of names) expect(scripts).toHaveProperty(name);
});

test("Dependabot proposes updates of both packages and of the actions", () => {
  const { version, updates } = parse(read(new URL(".github/dependabot.yml", ROOT)));
  expect(version).toBe(2);
  expect(updates).toMatchObject([
    { "package-ecosystem": "npm", directories: ["/", "/bench"] },
    { "package-ecosystem": "github-actions", directory: "/" },
  ]);
});
