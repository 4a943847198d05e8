// The registry of diagnostics. docs/reference/diagnostics.md is generated from it. A number is never given a second meaning.
import type { Diagnostic, Severity } from './diagnostic.ts';
import type { Origin } from './origin.ts';

export interface DiagnosticRow {
  readonly slug: string;
  readonly severity: Severity;
  /** One or two sentences for the reference page: what it means and what to do. */
  readonly meaning: string;
}

const rows = {
  // Reading files and objects.
  'PRT-READ-1': row('unreadable-file', 'error', 'The file cannot be read. The last good state of its objects keeps serving.'),
  'PRT-READ-2': row('syntax-error', 'error', 'The text is not YAML or JSON. The last good state of the objects of this document keeps serving.'),
  'PRT-READ-3': row('not-an-object', 'error', 'The document is no Kubernetes object: apiVersion, kind or metadata.name is missing or has the wrong type.'),
  'PRT-READ-4': row('unknown-kind', 'info', 'Objects of this kind are not read; the document is skipped.'),
  'PRT-READ-5': row('invalid-object', 'error', 'A field has a value that the Kubernetes API would refuse. The last good state of the object keeps serving.'),
  'PRT-READ-6': row('duplicate-object', 'error', 'The same object stands in the manifests twice; the first one counts.'),
  'PRT-READ-7': row('unknown-field', 'warning', 'The field does not exist in this kind of object, so it has no effect. Often a spelling mistake or wrong indentation.'),
  'PRT-READ-8': row('forbidden', 'warning', 'The API server does not let Portico read this. What was read before keeps serving; grant the right as in the ClusterRole of the chart.'),
  'PRT-READ-9': row('missing-namespace', 'warning', 'The namespace of --watch-namespace does not exist, or is empty and there is no right to see whether it exists: nothing is served. Often a spelling mistake.'),
  // Class.
  'PRT-CLASS-1': row('other-class', 'info', 'The Ingress belongs to another controller and is ignored.'),
  'PRT-CLASS-2': row('missing-class', 'warning', 'The Ingress names an IngressClass that does not exist, so no controller takes it.'),
  'PRT-CLASS-3': row('no-class', 'warning', 'The Ingress names no class, there is no default class, and --watch-ingress-without-class is off: it is ignored.'),
  'PRT-CLASS-4': row('class-parameters', 'warning', 'An IngressClass of this controller has parameters, which are not read.'),
  // Rules.
  'PRT-RULE-1': row('conflict', 'warning', 'Another, older Ingress already has this host, path and path type; this path has no effect.'),
  'PRT-RULE-2': row('resource-backend', 'warning', 'Backends that are resources are not supported: the default backend answers.'),
  'PRT-RULE-3': row('missing-service', 'warning', 'The Service does not exist: the path answers 503.'),
  'PRT-RULE-4': row('missing-port', 'warning', 'The Service has no such port: the path answers 503.'),
  'PRT-RULE-5': row('no-endpoints', 'warning', 'The Service has no ready endpoint: the path answers 503.'),
  'PRT-RULE-6': row('bad-external-name', 'warning', 'The ExternalName is not a name that may be dialled (localhost, a loopback address, or no DNS name): the path answers 503.'),
  'PRT-RULE-7': row('trailing-slash', 'info', 'A path that ends in a slash does not take the same path without it; that one is redirected (301), as in nginx.'),
  'PRT-RULE-8': row('catch-all-disabled', 'warning', 'Ingresses with spec.defaultBackend are ignored because of --disable-catch-all.'),
  'PRT-RULE-9': row('regex-host', 'info', 'Another Ingress uses `use-regex` or `rewrite-target` on this host, so all paths of the host are case-insensitive regular expressions, which also take what goes on after the path.'),
  'PRT-RULE-10': row('bad-pattern', 'error', 'The path is a regular expression that cannot be used; the message names the construct. Paths that begin like it answer 503.'),
  'PRT-RULE-11': row('strict-path', 'warning', 'The path has characters that `strict-validate-path-type` does not allow with this path type: the admission check refuses the Ingress. Write pathType ImplementationSpecific.'),
  // Hosts.
  'PRT-HOST-1': row('alias-conflict', 'warning', 'The alias is the name of a rule, of a redirect of `from-to-www-redirect`, or an alias of another host; that one counts.'),
  'PRT-HOST-2': row('www-redirect-unused', 'info', 'A rule has the host that `from-to-www-redirect` would redirect, so nothing is redirected.'),
  'PRT-RULE-12': row('canary-without-effect', 'warning', 'The canary takes no requests at this place: no main Ingress has the same host, path and path type, an older canary has it, or main and canary are the same Service.'),
  'PRT-HOST-3': row('older-ingress-decides', 'warning', 'The annotation is about the whole host, and an older Ingress of the host has it too: that one counts.'),
  // TLS.
  'PRT-TLS-1': row('missing-secret', 'warning', 'The Secret does not exist: the default certificate is shown instead.'),
  'PRT-TLS-2': row('bad-secret', 'warning', 'The Secret holds no usable key pair: the default certificate is shown instead.'),
  'PRT-TLS-3': row('host-not-covered', 'warning', 'The certificate is not valid for this host: the default certificate is shown instead.'),
  'PRT-TLS-4': row('expired', 'warning', 'The certificate has expired; it is shown all the same.'),
  'PRT-TLS-5': row('default-certificate-unusable', 'error', 'The Secret of --default-ssl-certificate cannot be used: a self-signed certificate is shown instead.'),
  // Annotations and ConfigMap.
  'PRT-ANN-1': row('unknown-annotation', 'warning', 'No annotation of this name exists under the prefix, so it has no effect. Often a spelling mistake.'),
  'PRT-ANN-2': row('unsupported-annotation', 'warning', 'The annotation is known but not supported yet, so it has no effect.'),
  'PRT-ANN-3': row('bad-annotation-value', 'warning', 'The value of the annotation is not valid; its default is used.'),
  'PRT-ANN-4': row('unsafe-without-annotation', 'error', 'The annotation protects the route, but is not supported or not valid: the paths of the Ingress answer 503 rather than be open.'),
  'PRT-ANN-5': row('ingress-dropped', 'error', 'An annotation is too risky or has a value that ingress-nginx refuses: the whole Ingress is ignored.'),
  'PRT-ANN-6': row('annotation-without-effect', 'info', 'The annotation is accepted, but has no meaning in Portico; the message says why.'),
  'PRT-ANN-7': row('configuration-text', 'error', 'A host, path or Secret name holds text of an nginx configuration: the whole Ingress is ignored (`--deep-inspect`).'),
  'PRT-ANN-8': row('unusable-password', 'warning', 'A user of the Secret of `auth-secret` has no password hash, or one of a form that is not checked: nobody can sign in as that user.'),
  'PRT-ANN-9': row('last-version-served', 'warning', 'The Ingress is dropped, and the last version of it that was not goes on being served until it is corrected or the controller is started again.'),
  'PRT-CONF-1': row('unknown-key', 'warning', 'The ConfigMap has a key that does not exist, so it has no effect.'),
  'PRT-CONF-2': row('bad-config-value', 'warning', 'The value of the ConfigMap key is not valid; its default is used.'),
  'PRT-CONF-3': row('no-effect', 'info', 'The ConfigMap key has no meaning in Portico; the message says why.'),
  'PRT-CONF-4': row('missing-configmap', 'warning', 'The ConfigMap that a flag names does not exist; defaults are used, or there are no TCP or UDP services.'),
  'PRT-CONF-5': row('missing-default-backend', 'warning', 'The Service of --default-backend-service does not exist or has no ready endpoint; the built-in 404 answers.'),
  'PRT-CONF-6': row('unsafe-without-key', 'error', 'The ConfigMap key protects every route, but is not supported yet or has a value that is not valid: all paths answer 503 rather than be open.'),
  'PRT-CONF-7': row('unsupported-key', 'warning', 'The ConfigMap key is known but not supported yet, so it has no effect.'),
  // TCP and UDP services.
  'PRT-STREAM-1': row('bad-stream-entry', 'warning', 'An entry of the ConfigMap of TCP or UDP services is not of the form `"port": "namespace/service:port[:PROXY][:PROXY]"`; the message says what is ignored.'),
  'PRT-STREAM-2': row('stream-port-taken', 'warning', 'A TCP or UDP service asks for a port that Portico itself listens on, or that another entry has; the entry is ignored.'),
  'PRT-STREAM-3': row('stream-missing-service', 'warning', 'The Service of a TCP or UDP service does not exist, or is in a namespace that is not watched; the entry is ignored.'),
  'PRT-STREAM-4': row('stream-missing-port', 'warning', 'The Service of a TCP or UDP service has no port of this number or name with this protocol; the entry is ignored.'),
  'PRT-STREAM-5': row('stream-no-endpoints', 'warning', 'The Service of a TCP or UDP service has no ready endpoint; the entry is ignored.'),
  'PRT-STREAM-6': row('stream-not-carried', 'warning', 'The entry of a TCP or UDP service is good, but this version of Portico does not carry its traffic yet: nothing listens on the port.'),
} as const satisfies Record<string, DiagnosticRow>;

export type DiagnosticCode = keyof typeof rows;

export const diagnosticCodes: Readonly<Record<DiagnosticCode, DiagnosticRow>> = rows;

export function diagnostic(code: DiagnosticCode, message: string, origin: Origin): Diagnostic {
  return { code, severity: rows[code].severity, message, origin };
}

function row(slug: string, severity: Severity, meaning: string): DiagnosticRow {
  return { slug, severity, meaning };
}
