/** The one object that lists keys, events and purges. No I/O: the stub is only made. */
export const getDirectory = (env: Env) => env.DIRECTORY.getByName("directory");
