/** The Stytch client of a configuration. To be replaced by `isolateStateOf(env).value.stytch`. */
import type { Config } from "../config.ts";
import { StytchClient } from "./client.ts";

const clients = new WeakMap<Config, StytchClient>();

/** Returns the isolate's client for this configuration; creates it on first use. */
export function stytchClientOf(config: Config): StytchClient {
  const client = clients.get(config) ?? new StytchClient(config);
  clients.set(config, client);
  return client;
}

/** For tests: the next use of this configuration gets a new client, with a closed circuit. */
export function forgetStytchClient(config: Config): void {
  clients.delete(config);
}
