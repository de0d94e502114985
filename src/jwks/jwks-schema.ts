/**
 * RFC 7517 §5, in Stytch's envelope. A project always has keys, so a set without any is a failure: clients that took it
 * would refuse every session.
 */
import * as z from "zod";

export const Jwks = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) });
export type Jwks = z.output<typeof Jwks>;
