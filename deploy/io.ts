/** What a run of the script reads, asks and calls. */
import type { CredentialsCheck } from "../dev/stytch-credentials.ts";
import type { Config } from "../src/config.ts";
import type { WranglerSetup } from "./wrangler.ts";

/** `main.ts` passes the process's own. */
export interface DeployIo extends WranglerSetup {
  /** Null if there is no terminal. */
  readonly ask: ((question: string, isHidden: boolean) => Promise<string>) | null;
  readonly readSettings: (env: string | undefined) => Promise<WorkerSettings>;
  /** Builds the static files. */
  readonly build: () => Promise<void>;
  readonly askStytch: (stytch: Config["stytch"]) => Promise<CredentialsCheck>;
  readonly intervalMs: number;
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
}

/** What `wrangler.toml` says of the Worker. */
export interface WorkerSettings {
  readonly name: string;
  readonly vars: Readonly<Record<string, unknown>>;
}
