// Upstreams of a route beside the Service of its rule: default backends, which also answer in place of errors, and targets of copies.
import type { ErrorPages } from '../../model/policies/error-pages.ts';
import type { MirrorPolicy } from '../../model/policies/mirror.ts';
import type { RoutePolicies } from '../../model/route.ts';
import type { UpstreamKey } from '../../model/upstream.ts';
import { annotationField } from '../finding.ts';
import type { TranslatorOptions } from '../options.ts';
import { defaultBackendRef, fallbackRef } from '../upstream.ts';
import { serviceOf } from './host-access.ts';
import type { ServedIngress } from './served-ingress.ts';
import type { UpstreamUse } from './upstream-use.ts';

export interface SideUpstreamContext {
  readonly options: TranslatorOptions;
  /** `custom-http-errors` and `disable-proxy-intercept-errors`. */
  readonly customHttpErrors: readonly number[];
  readonly passesBackendErrors: boolean;
}

export class SideUpstreams {
  readonly uses: UpstreamUse[] = [];
  readonly #context: SideUpstreamContext;

  constructor(context: SideUpstreamContext) {
    this.#context = context;
  }

  /** Annotation `default-backend`; empty where there is none. */
  defaultBackendOf({ ingress, annotations }: ServedIngress): readonly UpstreamKey[] {
    if (annotations.defaultBackend === undefined) return [];
    const ref = fallbackRef(ingress.metadata.namespace, annotations.defaultBackend);
    const field = this.#field('default-backend');
    this.uses.push({ ref, subject: ingress, fields: { name: field, port: field } });
    return [ref.key];
  }

  /** `--default-backend-service`; empty where there is none. */
  controllerDefaultBackend(): readonly UpstreamKey[] {
    const { defaultBackendService } = this.#context.options;
    if (defaultBackendService === undefined) return [];
    const ref = defaultBackendRef(defaultBackendService);
    const subject = { origin: { kind: 'Flag', namespace: '', name: '--default-backend-service' } };
    this.uses.push({ ref, subject, fields: undefined });
    return [ref.key];
  }

  /** Policies of a route that refer to these upstreams. `served`: whose annotations count; undefined: nobody's. */
  policiesOf(served: ServedIngress | undefined): Pick<RoutePolicies, 'errorPages' | 'mirror'> {
    const errorPages = this.#errorPages(served);
    const mirror = served === undefined ? undefined : this.#mirror(served);
    return { ...(errorPages !== undefined && { errorPages }), ...(mirror !== undefined && { mirror }) };
  }

  /** Statuses of the ConfigMap always go to the default backend of the controller, those of the annotation first to that of the Ingress. */
  #errorPages(served: ServedIngress | undefined): ErrorPages | undefined {
    const own = served?.annotations.customHttpErrors;
    const statuses = own ?? this.#context.customHttpErrors;
    if (statuses.length === 0) return undefined;
    const passesBackendErrors = served?.annotations.passesBackendErrors ?? this.#context.passesBackendErrors;
    const ownBackend = own === undefined || served === undefined ? [] : this.defaultBackendOf(served);
    return { statuses, upstreams: [...ownBackend, ...this.controllerDefaultBackend()], passesBackendErrors };
  }

  #mirror({ ingress, annotations }: ServedIngress): MirrorPolicy | undefined {
    const { url, host, hasBody = true } = annotations.mirror ?? {};
    if (url === undefined) return undefined;
    const ref = serviceOf(url, url.host);
    const field = this.#field('mirror-target');
    this.uses.push({ ref, subject: ingress, fields: { name: field, port: field } });
    return { upstream: ref.key, host: host ?? url.host, target: url.target, appendsQuery: !url.target.includes('$'), hasBody };
  }

  #field(annotation: string): string {
    return annotationField(`${this.#context.options.annotationsPrefix}/${annotation}`);
  }
}
