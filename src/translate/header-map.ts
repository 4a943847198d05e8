// ConfigMaps whose data are header fields: `add-headers`, `proxy-set-headers`, `custom-headers` and their kind.
import type { HeaderField } from '../model/policies/header-fields.ts';
import { parseTemplate } from '../model/template.ts';
import type { ConfigMap } from '../resources/objects.ts';
import { keyPath } from '../resources/field-path.ts';
import { finding } from './finding.ts';
import type { Finding } from './finding.ts';

const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const MAX_FIELDS = 200;
/** Fields that frame a message or belong to the connection: setting them would break it. */
const RESERVED: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export interface HeaderMapReading {
  readonly fields: readonly HeaderField[];
  readonly findings: readonly Finding[];
}

/** Values may use nginx variables. What is not valid is left out and reported. An empty value means that the field is removed. */
export function readHeaderMap(configMap: ConfigMap): HeaderMapReading {
  const fields: HeaderField[] = [];
  const findings: Finding[] = [];
  const report = (key: string, message: string): void => {
    findings.push(finding('PRT-CONF-2', message, configMap, keyPath('data', key)));
  };
  for (const [name, rawValue] of configMap.data) {
    const value = rawValue.trim();
    const template = parseTemplate(value);
    if (!TOKEN.test(name)) report(name, 'the key is no header name; it is left out');
    else if (RESERVED.has(name.toLowerCase())) report(name, `${name} belongs to the connection and cannot be set; it is left out`);
    else if (!template.ok) report(name, `the value ${template.error}; the header is left out`);
    else if (fields.length === MAX_FIELDS) report(name, `there are more than ${MAX_FIELDS} headers; this one is left out`);
    else {
      const { parts, unknownNames } = template.value;
      if (unknownNames.length > 0) report(name, `the value has the unknown variable $${unknownNames.join(', $')}, which is empty`);
      const isConstant = parts.every((part) => part.kind === 'text');
      fields.push({ name, value: { kind: isConstant ? 'constant' : 'template', text: value } });
    }
  }
  return { fields, findings };
}
