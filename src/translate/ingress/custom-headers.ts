// Annotation `custom-headers`: response headers from a ConfigMap, of which each name must be allowed by the controller's ConfigMap.
import { fail, ok } from '../../kit/result.ts';
import type { Result } from '../../kit/result.ts';
import type { HeaderField } from '../../model/policies/header-fields.ts';
import type { Snapshot } from '../../resources/snapshot.ts';
import type { ObjectName } from '../options.ts';

const NAME = /^[A-Za-z0-9_-]{1,128}$/;
/** ingress-nginx's set of characters; `$` stands for itself. */
const VALUE = /^[A-Za-z0-9\-_ :;.,\\/"'?!(){}[\]@<>=+*#$&`|~^%]{1,4096}$/;

/** The headers, or why all routes of the Ingress must be refused, as the end of a sentence that starts with the annotation's name. */
export function resolveCustomHeaders(name: ObjectName, snapshot: Snapshot, allowed: readonly string[]): Result<readonly HeaderField[]> {
  const configMap = snapshot.get('ConfigMap', name.namespace, name.name);
  if (configMap === undefined) return fail(`names ConfigMap ${name.namespace}/${name.name}, which does not exist`);
  const fields: HeaderField[] = [];
  for (const [header, text] of configMap.data) {
    if (!NAME.test(header)) return fail(`names a ConfigMap with the key ${JSON.stringify(header)}, which is no header name`);
    if (!allowed.includes(header)) return fail(`sets ${header}, which global-allowed-response-headers does not allow`);
    if (!VALUE.test(text)) return fail(`sets ${header} to a value that is empty, too long or has a forbidden character`);
    fields.push({ name: header, value: { kind: 'constant', text } });
  }
  return ok(fields);
}
