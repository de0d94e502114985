/** The API calls received: the last 1,000 in full, and in `total` the number of all. */

const MAX_REQUESTS = 1_000;

export interface LoggedRequest {
  method: string;
  path: string;
  search: string;
  headers: Record<string, string>;
}

export class RequestLog {
  total = 0;
  requests: LoggedRequest[] = [];

  add(request: Request): void {
    const { pathname, search } = new URL(request.url);
    const headers = Object.fromEntries(request.headers);
    this.total += 1;
    this.requests.push({ method: request.method, path: pathname, search, headers });
    if (this.requests.length > MAX_REQUESTS) this.requests.shift();
  }

  clear(): void {
    this.total = 0;
    this.requests = [];
  }
}
