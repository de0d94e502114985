export { Organization } from "./cache/object/organization.ts";
export { Directory } from "./directory/directory.ts";
export { PublicKeys } from "./jwks/public-keys.ts";
export { ApiKey } from "./keys/api-key.ts";

import { createApp } from "./app.ts";

export default createApp();
