// The HTTP modules of Node, without `import`: a module of Node that is imported has all its exports read, and one of those of node:http
// loads undici, which takes 50 ms and 14 MB in every thread.
export const http = process.getBuiltinModule('node:http');
export const https = process.getBuiltinModule('node:https');
