/** What happens once in the demo: each with a sentence for whoever watches, and with what it does. */
import { demo } from "../sandbox/seed.ts";
import type { DemoDeployment } from "./demo-deployment.ts";
import type { DemoEventName } from "./demo-plan.ts";

interface DemoEvent {
  readonly text: string;
  run(deployment: DemoDeployment): Promise<unknown>;
}

const FORGED_CALLS = 12;
const ROTATION_OVERLAP_SECONDS = 3_600;

export const DEMO_EVENTS: Readonly<Record<DemoEventName, DemoEvent>> = {
  purge: {
    text: "Acme changes its plan, and is purged",
    run: async ({ admin, control }) => {
      await control("PATCH", `organizations/${demo.organization_id}`, {
        trusted_metadata: { plan: "enterprise" },
      });
      await admin("POST", "/admin/cache/purge", { organization_id: demo.organization_id });
    },
  },
  forge: {
    text: "somebody tries forged keys",
    run: async ({ read }) => {
      for (let call = 0; call < FORGED_CALLS; call += 1) {
        const digits = `${call}`.padStart(16, "0");
        await read(`/v1/b2b/organizations/${demo.organization_slug}`, `pst_test_${digits}_${"0".repeat(52)}`);
      }
      await read(`/v1/b2b/organizations/${demo.organization_slug}`, null);
    },
  },
  revoke: {
    text: "the contractor's key is revoked, and goes on calling",
    run: async ({ admin, keyOf }) => {
      await admin("DELETE", `/admin/keys/${keyOf("Contractor (laptop)").keyId}`);
    },
  },
  rotate: {
    text: "the partner's key is rotated; the old one works for another hour",
    run: async ({ rotate }) => await rotate("Acme partner", ROTATION_OVERLAP_SECONDS),
  },
  slow_down: {
    text: "Stytch gets slow",
    run: async ({ control }) => await control("PUT", "latency", { ms: 300 }),
  },
  break_down: {
    text: "Stytch fails: what was read before is served from the cache",
    run: async ({ control }) => await control("POST", "faults", { kind: "status", status: 500 }),
  },
  recover: { text: "Stytch is well again", run: async ({ recover }) => await recover() },
  purge_policy: {
    text: "the roles of the project are purged",
    run: async ({ admin }) => await admin("POST", "/admin/cache/purge", { rbac_policy: true }),
  },
};
