/** The site from which a request comes, by the word of the browser (Fetch Metadata, https://www.w3.org/TR/fetch-metadata/). */
import type { Failure } from "../errors.ts";

const isRead = ({ method }: Request) => method === "GET" || method === "HEAD";

/**
 * For a request whose credentials a browser adds by itself. A change must come from a page of this origin. A read may also
 * be typed into the address bar (`none`), or come from a browser that does not send the header: the answer of a read is
 * nothing that a page of another origin could see.
 */
export function checkSameOrigin(request: Request): Failure | null {
  const site = request.headers.get("Sec-Fetch-Site");
  if (site === "same-origin") return null;
  return isRead(request) && (site === null || site === "none") ? null : { type: "cross_site_request" };
}

/** For a request that carries its proof in its body, also from a program: refuses only what a browser says is of another site. */
export function checkNotCrossSite(request: Request): Failure | null {
  const site = request.headers.get("Sec-Fetch-Site");
  return site === null || site === "none" || site === "same-origin" ? null : { type: "cross_site_request" };
}
