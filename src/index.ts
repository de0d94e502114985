export { Directory } from "./admin/directory.ts";
export { Organization } from "./cache/organization.ts";
export { PublicKeys } from "./cache/public-keys.ts";
export { ApiKey } from "./keys/api-key.ts";

import { createApp } from "./app.ts";

export default createApp();
