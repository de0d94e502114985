export { Organization } from "./cache/object/organization.ts";
export { Directory } from "./directory/directory.ts";
export { PublicKeys } from "./jwks/public-keys.ts";
export { ApiKey } from "./keys/api-key.ts";

import { createWorker } from "./worker.ts";

export default createWorker();
