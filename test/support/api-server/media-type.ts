// Which form of an object a client accepts: all of it, or its metadata alone (Kubernetes API concepts, "Metadata-only fetches"). Tables and
// other encodings are not served; clients that ask for them name plain JSON as well.
import { ApiFailure } from './api-status.ts';

export type ObjectForm = 'whole' | 'metadata';

/** For a list, `PartialObjectMetadataList` asks for metadata; for one object and for watches, `PartialObjectMetadata`. */
export function chooseForm(accept: string | undefined, isList: boolean): ObjectForm {
  const wanted = isList ? 'PartialObjectMetadataList' : 'PartialObjectMetadata';
  for (const range of (accept ?? '*/*').split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice(3);
    const isJson = type === 'application/json';
    if (isJson && as === wanted) return 'metadata';
    if ((isJson || type === '*/*' || type === 'application/*') && as === undefined) return 'whole';
  }
  throw new ApiFailure(406, 'NotAcceptable', 'only the following media types are accepted: application/json');
}
