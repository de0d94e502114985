/** A time in the viewer's zone, with the same in UTC behind it. */
import { formatRelative, formatTime, formatUtc } from "../format.ts";

/** `at`: RFC 3339. `isRelative`: as "5 minutes ago". */
export const Time = ({ at, isRelative = false }: { at: string; isRelative?: boolean }) => (
  <time datetime={at} title={isRelative ? `${formatTime(at)} (${formatUtc(at)})` : formatUtc(at)}>
    {isRelative ? formatRelative(at, Date.now()) : formatTime(at)}
  </time>
);
