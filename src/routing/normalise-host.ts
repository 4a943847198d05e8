// Turns a host as clients write it into the form in which hosts are looked up. One function for Host, `:authority` and SNI, so that
// no two of them can disagree. The syntax was checked before; nothing is refused here.

/**
 * Lower-cases ASCII and strips the port and one trailing dot: `Shop.Example.:8080` becomes `shop.example`. An IPv6 address keeps its
 * brackets. A host that is normal already is returned as it is.
 */
export function normaliseHost(host: string): string {
  for (let index = 0; index < host.length; index++) {
    const code = host.charCodeAt(index);
    if (code === COLON || code === OPENING_BRACKET || (code >= UPPER_A && code <= UPPER_Z)) return normaliseSlowly(host);
  }
  return host.charCodeAt(host.length - 1) === PERIOD ? host.slice(0, -1) : host;
}

const COLON = 0x3a;
const PERIOD = 0x2e;
const OPENING_BRACKET = 0x5b;
const UPPER_A = 0x41;
const UPPER_Z = 0x5a;

function normaliseSlowly(host: string): string {
  // Not toLowerCase() on the whole: it also changes characters outside ASCII.
  const lower = host.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  if (lower.startsWith('[')) {
    const end = lower.indexOf(']');
    return end === -1 ? lower : lower.slice(0, end + 1);
  }
  const colon = lower.indexOf(':');
  const name = colon === -1 ? lower : lower.slice(0, colon);
  return name.endsWith('.') ? name.slice(0, -1) : name;
}
