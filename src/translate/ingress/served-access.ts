// Who may use the routes of one Ingress: its annotations, the ConfigMap's defaults, and the Secret and ConfigMap that it names. What is
// missing or cannot be used refuses all routes of the Ingress, wherever ingress-nginx answers 503 and where it would leave them open.
import type { AddressLists, ExternalAuth, PasswordAuth, SignIn } from '../../model/policies/access.ts';
import type { Ingress } from '../../resources/objects.ts';
import type { Snapshot } from '../../resources/snapshot.ts';
import type { AccessDraft, RelativeName } from '../annotations/access-draft.ts';
import { DEFAULT_CACHE_RULES, DEFAULT_REDIRECT_PARAMETER } from '../annotations/external-auth.ts';
import type { AuthUrl, ExternalAuthDraft } from '../annotations/external-auth.ts';
import type { RoutingConfig } from '../configmap/row.ts';
import { annotationField, finding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { readHeaderMap } from '../header-map.ts';
import type { ObjectName } from '../options.ts';
import type { UserListReader } from '../user-list.ts';

export interface ServedAccess {
  readonly satisfy: 'all' | 'any';
  readonly addresses: AddressLists | undefined;
  readonly password: PasswordAuth | undefined;
  readonly external: ServedExternalAuth | undefined;
}

/** What is left to be said is the upstream, which depends on the host. */
export interface ServedExternalAuth {
  readonly url: AuthUrl;
  readonly policy: Omit<ExternalAuth, 'upstream' | 'host'>;
  /** Where the URL stands, for a finding: undefined for the ConfigMap's. */
  readonly field: string | undefined;
}

export interface AccessReading {
  readonly access: ServedAccess | undefined;
  readonly isRefused: boolean;
  readonly findings: readonly Finding[];
  /** Looked at, present or not. */
  readonly secrets: readonly ObjectName[];
  readonly configMaps: readonly ObjectName[];
}

export interface AccessContext {
  readonly snapshot: Snapshot;
  readonly annotationsPrefix: string;
  readonly routing: RoutingConfig;
  readonly userLists: UserListReader;
}

export function readAccess(ingress: Ingress, draft: AccessDraft, context: AccessContext): AccessReading {
  return new Reading(ingress, draft, context).result();
}

class Reading {
  readonly #ingress: Ingress;
  readonly #draft: AccessDraft;
  readonly #context: AccessContext;
  readonly #findings: Finding[] = [];
  readonly #secrets: ObjectName[] = [];
  readonly #configMaps: ObjectName[] = [];
  #isRefused = false;

  constructor(ingress: Ingress, draft: AccessDraft, context: AccessContext) {
    this.#ingress = ingress;
    this.#draft = draft;
    this.#context = context;
  }

  result(): AccessReading {
    const addresses = this.#addresses();
    const password = this.#password();
    const external = this.#external();
    const isNeeded = addresses !== undefined || password !== undefined || external !== undefined;
    return {
      access: isNeeded ? { satisfy: this.#draft.satisfy ?? 'all', addresses, password, external } : undefined,
      isRefused: this.#isRefused,
      findings: this.#findings,
      secrets: this.#secrets,
      configMaps: this.#configMaps,
    };
  }

  #addresses(): AddressLists | undefined {
    const { routing } = this.#context;
    const allow = this.#draft.allow ?? routing.allowedAddresses;
    const deny = this.#draft.deny ?? routing.deniedAddresses;
    return allow.length === 0 && deny.length === 0 ? undefined : { allow, deny };
  }

  #password(): PasswordAuth | undefined {
    const { authType: kind, authSecret, authSecretType: type = 'auth-file', realm = '' } = this.#draft;
    if (kind === undefined) {
      if (authSecret !== undefined)
        this.#report('PRT-ANN-6', 'auth-secret', 'auth-secret has no effect without auth-type: nobody is asked for a password');
      return undefined;
    }
    if (authSecret === undefined) return this.#refuse('auth-type', 'auth-type needs auth-secret');
    const name = this.#resolve('Secret', authSecret, 'auth-secret');
    if (name === undefined) return undefined;
    this.#secrets.push(name);
    const title = `Secret ${name.namespace}/${name.name}`;
    const secret = this.#context.snapshot.get('Secret', name.namespace, name.name);
    if (secret === undefined) return this.#refuse('auth-secret', `${title} does not exist`);
    const reading = this.#context.userLists.read(secret, { type, kind });
    if (!reading.ok) return this.#refuse('auth-secret', `${title} ${reading.error}`);
    const { users, unusable } = reading.value;
    if (unusable.length > 0) {
      const names = unusable.slice(0, 5).map((user) => JSON.stringify(user.slice(0, 40)));
      const message = `${title} has no password that can be checked for ${names.join(', ')}${unusable.length > 5 ? ' and others' : ''}`;
      this.#report('PRT-ANN-8', 'auth-secret', `${message}: they cannot sign in`);
    }
    return { kind, realm, users };
  }

  #external(): ServedExternalAuth | undefined {
    const { external: own, usesGlobalAuth = true } = this.#draft;
    const { globalAuth } = this.#context.routing;
    if (own.url !== undefined) return this.#externalOf(own, own.url, annotationField(this.#key('auth-url')));
    if (own.signIn !== undefined || own.responseHeaders !== undefined || own.cacheKey !== undefined || own.method !== undefined) {
      const name =
        own.signIn !== undefined
          ? 'auth-signin'
          : own.responseHeaders !== undefined
            ? 'auth-response-headers'
            : own.method !== undefined
              ? 'auth-method'
              : 'auth-cache-key';
      this.#report('PRT-ANN-6', name, `${name} has no effect without auth-url`);
    }
    return usesGlobalAuth && globalAuth.url !== undefined ? this.#externalOf(globalAuth, globalAuth.url, undefined) : undefined;
  }

  #externalOf(draft: ExternalAuthDraft, url: AuthUrl, field: string | undefined): ServedExternalAuth | undefined {
    const ofConfigMap = draft.requestHeaders === undefined ? [] : this.#requestHeaders(draft.requestHeaders);
    if (ofConfigMap === undefined) return undefined;
    const requestHeaders = [...ofConfigMap, ...(draft.snippetHeaders ?? []).map(({ name, value }): [string, string] => [name, value])];
    const { method, signIn, requestRedirect, cacheKey: key, cacheRules: rules = DEFAULT_CACHE_RULES } = draft;
    return {
      url,
      field,
      policy: {
        target: url.target,
        method: method ?? 'GET',
        tellsOriginalUri: method !== undefined,
        ...(signIn !== undefined && { signIn: signInOf(signIn, draft.signInRedirectParameter ?? DEFAULT_REDIRECT_PARAMETER) }),
        responseHeaders: draft.responseHeaders ?? [],
        requestHeaders,
        ...(requestRedirect !== undefined && { requestRedirect }),
        ...(key !== undefined && { cache: { key, rules } }),
        alwaysSetCookie: draft.alwaysSetCookie ?? false,
      },
    };
  }

  #requestHeaders(relative: RelativeName): ExternalAuth['requestHeaders'] | undefined {
    const annotation = 'auth-proxy-set-headers';
    const name = this.#resolve('ConfigMap', relative, annotation);
    if (name === undefined) return undefined;
    this.#configMaps.push(name);
    const configMap = this.#context.snapshot.get('ConfigMap', name.namespace, name.name);
    const title = `ConfigMap ${name.namespace}/${name.name}`;
    if (configMap === undefined) return this.#refuse(annotation, `${title} does not exist`);
    const { fields, findings } = readHeaderMap(configMap);
    this.#findings.push(...findings);
    if (fields.length < configMap.data.size) return this.#refuse(annotation, `${title} has headers that cannot be set`);
    if (fields.some((field) => field.name.toLowerCase() === 'host'))
      return this.#refuse(annotation, `${title} sets Host, which is that of auth-url`);
    return fields.map(({ name: header, value }): [string, string] => [header, value.text]);
  }

  /** Undefined: the routes are refused, for the object is in a namespace that is not the Ingress's own. */
  #resolve(kind: 'Secret' | 'ConfigMap', { namespace, name }: RelativeName, annotation: string): ObjectName | undefined {
    const own = this.#ingress.metadata.namespace;
    const resolved = { namespace: namespace ?? own, name };
    if (resolved.namespace === own || this.#context.routing.allowsCrossNamespace) return resolved;
    return this.#refuse(
      annotation,
      `${kind} ${resolved.namespace}/${name} is in another namespace, which allow-cross-namespace-resources does not allow`,
    );
  }

  #refuse(annotation: string, problem: string): undefined {
    this.#isRefused = true;
    this.#report('PRT-ANN-4', annotation, `${problem}: the paths of this Ingress answer 503`);
  }

  #report(code: Finding['code'], annotation: string, message: string): void {
    this.#findings.push(finding(code, message, this.#ingress, annotationField(this.#key(annotation))));
  }

  #key(annotation: string): string {
    return `${this.#context.annotationsPrefix}/${annotation}`;
  }
}

/** ingress-nginx: `buildAuthSignURL`. */
function signInOf(url: string, parameter: string): SignIn {
  const question = url.indexOf('?');
  const has = question !== -1 && (new URLSearchParams(url.slice(question + 1)).get(parameter) ?? '') !== '';
  return { url, redirectParameter: has ? undefined : parameter };
}
