// The forms of names that the Kubernetes API accepts. Each check answers undefined for a good name, else what it must be, so that
// a message reads `spec.rules[0].host must …`. Rules: apimachinery `util/validation`, RFC 1123 section 2.1, RFC 6335 section 5.1.
import { isIP } from 'node:net';

export type NameCheck = (text: string) => string | undefined;

const label = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
const dnsLabel = new RegExp(`^${label}$`);
const dnsSubdomain = new RegExp(`^${label}(?:\\.${label})*$`);
const qualifiedPart = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const dataKey = /^[-._a-zA-Z0-9]+$/;
const prefixedPath = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

/** One label: namespaces, Services, port names of slices. At most 63 characters. */
export function checkDnsLabel(text: string): string | undefined {
  if (text.length > 63) return 'must have at most 63 characters';
  return dnsLabel.test(text)
    ? undefined
    : `must be lower case letters, digits and "-", beginning and ending with a letter or digit, not ${quoted(text)}`;
}

/** Labels joined by dots: names of most objects. At most 253 characters. */
export function checkDnsSubdomain(text: string): string | undefined {
  if (text.length > 253) return 'must have at most 253 characters';
  if (dnsSubdomain.test(text)) return undefined;
  return `must be lower case letters, digits, "-" and ".", beginning and ending each part with a letter or digit, not ${quoted(text)}`;
}

/** Host of an Ingress rule in lower case: a DNS name, or `*.` and a DNS name; never an address. */
export function checkHost(host: string): string | undefined {
  if (isIP(host) !== 0) return `must be a DNS name, not the address ${host}`;
  const name = host.startsWith('*.') ? host.slice(2) : host;
  if (name.includes('*')) return `may have a wildcard only as its whole first label ("*.example.com"), not ${quoted(host)}`;
  return checkDnsSubdomain(name);
}

/** Name of a port as a Service or an Ingress refers to it (RFC 6335). */
export function checkPortName(text: string): string | undefined {
  if (text.length > 15) return `must have at most 15 characters, not ${quoted(text)}`;
  if (!/^[-a-z0-9]+$/.test(text)) return `must be lower case letters, digits and "-", not ${quoted(text)}`;
  if (!/[a-z]/.test(text)) return `must have at least one letter, not ${quoted(text)}`;
  if (text.includes('--') || text.startsWith('-') || text.endsWith('-'))
    return `must not begin or end with "-" or have two in a row, not ${quoted(text)}`;
  return undefined;
}

/** Key of a label: an optional DNS prefix and `/`, then a name of at most 63 characters. */
export function checkQualifiedName(text: string): string | undefined {
  const slash = text.indexOf('/');
  const name = text.slice(slash + 1);
  if (slash === 0 || (slash > 0 && checkDnsSubdomain(text.slice(0, slash)) !== undefined)) return 'must have a DNS name before "/"';
  if (name.length > 63) return 'must have at most 63 characters after "/"';
  return qualifiedPart.test(name) ? undefined : 'must be letters, digits, "-", "_" and ".", beginning and ending with a letter or digit';
}

/** Key of an annotation: as that of a label, in any case. */
export function checkAnnotationKey(text: string): string | undefined {
  return checkQualifiedName(text.toLowerCase());
}

export function checkLabelValue(text: string): string | undefined {
  if (text.length > 63) return 'must have at most 63 characters';
  return text === '' || qualifiedPart.test(text)
    ? undefined
    : `must be letters, digits, "-", "_" and ".", beginning and ending with a letter or digit, not ${quoted(text)}`;
}

/** Key of the data of a ConfigMap or Secret. */
export function checkDataKey(text: string): string | undefined {
  if (text.length > 253) return 'must have at most 253 characters';
  if (text === '.' || text.startsWith('..')) return 'must not be "." or begin with ".."';
  return dataKey.test(text) ? undefined : 'must be letters, digits, "-", "_" and "."';
}

/** Controller of an IngressClass: `example.com/name`. */
export function checkDomainPrefixedPath(text: string): string | undefined {
  const slash = text.indexOf('/');
  const domain = text.slice(0, Math.max(slash, 0));
  if (text.length > 250) return 'must have at most 250 characters';
  if (slash < 1 || slash === text.length - 1)
    return `must be a DNS name, "/" and a path, such as k8s.io/ingress-nginx, not ${quoted(text)}`;
  return checkDnsSubdomain(domain) === undefined && prefixedPath.test(text.slice(slash + 1))
    ? undefined
    : `must be a DNS name, "/" and a path, not ${quoted(text)}`;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
