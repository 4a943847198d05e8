// The requests that every scenario is made of: host names, browser-like headers, and what the backends answer.

/** The only host name with a certificate; see certificate.ts. */
export const secureHost = 'localhost';

/** Host number `index` of the many that a proxy has loaded. */
export function hostName(index: number): string {
  return `host-${String(index).padStart(5, '0')}.bench.test`;
}

/** How many hosts receive traffic, if so many are loaded. */
export const usedHosts = 10;

/** Ten hosts spread over all that are loaded: those that receive traffic. */
export function busyHosts(hosts: number): readonly string[] {
  const wanted = Math.min(usedHosts, hosts);
  return Array.from({ length: wanted }, (_, position) => hostName(Math.floor((position * hosts) / wanted)));
}

/** What a browser sends with a page request, apart from Host: 11 lines, about 720 bytes. */
export const browserHeaders: Readonly<Record<string, string>> = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language': 'en-GB,en;q=0.9,de;q=0.8',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  Referer: 'https://www.bench.test/catalogue/shoes?page=2&sort=price',
  Cookie:
    'session=4f9c1d0e7ab24a6c8d31f2b590e7c6a1; consent=analytics%3D1%26marketing%3D0; _ga=GA1.2.1185063011.1717200000; ' +
    'cart=eyJpdGVtcyI6W3siaWQiOjQyLCJuIjoxfV19; theme=dark',
  'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Site': 'same-origin',
  'Upgrade-Insecure-Requests': '1',
  'Cache-Control': 'max-age=0',
};

/** Request headers that each proxy must add, as ingress-nginx does. */
export const addedHeaders: readonly string[] = [
  'X-Request-ID',
  'X-Real-IP',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Port',
  'X-Forwarded-Proto',
  'X-Forwarded-Scheme',
  'X-Scheme',
];

export const smallBody = 'hello from the bench';
export const changedBody = 'changed by the bench';

export const responsePaths = { small: '/small', kib64: '/64k', mib1: '/1m', receivedHeaders: '/received-headers' } as const;

export const uploadBytes = 16 * 1024;

/** The path that is routed to the marker backend once change number `version` of a host is live, and to the usual one before. */
export function changePath(version: number): string {
  return `/change-${version}`;
}

/** The path of a file that the backend opens anew for each request. */
export function controlPath(name: string): string {
  return `/control/${name}`;
}
