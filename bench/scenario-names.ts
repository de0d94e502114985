/** The names of the scenarios. Apart from these, so that they are known before anything is built. */

/** Those in which Postern answers, whose Workers have a debugger to profile. */
export const PROFILED_SCENARIOS = [
  "hit",
  "hit_cors",
  "hit_cors_no_origin",
  "hit_session",
  "hit_limited",
  "not_modified",
  "kv_hit",
  "hit_basic",
  "hit_fields",
  "hit_1000",
  "hit_logged",
  "kv_hit_shared",
  "miss",
  "member",
  "forged",
  "session_verified",
  "refused",
] as const;

/** Those of the Workers that Postern is compared with. */
type PeerScenario = "bare" | "assembled" | "bare_kv" | "assembled_limited" | "assembled_1000" | "direct";

export type ScenarioName = (typeof PROFILED_SCENARIOS)[number] | PeerScenario;
