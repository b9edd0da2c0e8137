/** For Node.js, when the proxy is started as a process of its own. */
export const PROXY_NODE_FLAGS: string[] = [];
